"""Long text in short: its beginning and its end, and how much is missing between them."""


def brief(text, most):
    """``text``; where it is longer than ``most`` characters, about so many of them.

    Two thirds are of its beginning.  The end stays as well, for sentences often say there what is wrong.
    """
    if len(text) <= most:
        return text
    head, tail = most * 2 // 3, most // 4
    return f"{text[:head]} [... {len(text) - head - tail} characters ...] {text[-tail:]}"
