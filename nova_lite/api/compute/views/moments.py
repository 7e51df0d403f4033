"""How moments are written."""


def moment(value):
    """ "2026-11-23T08:45:48.000000"; None stays None."""
    return value and value.isoformat(timespec="microseconds")
