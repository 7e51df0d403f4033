"""Words of several commands about networks."""


def counted(number, what):
    """"1 rule", "2 rules"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
