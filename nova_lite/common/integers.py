"""Whole numbers as callers write them: they may be longer than a column, or than Python reads."""

import re
from decimal import Decimal

#: The largest number of an integer column.
MOST = 0x7FFFFFFF
#: That of a big one, and of C.
MOST_BIG = 2 ** 63 - 1
_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_ID = re.compile(r"\d{1,9}", re.ASCII)


def within(text, most=MOST):
    """The number that ``text`` (or an int) is; beyond what a column of that size holds, the nearest that it does hold.

    :raises ValueError: it is none.
    """
    if isinstance(text, str) and not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no whole number")
    return int(max(Decimal(-most - 1), min(Decimal(text), Decimal(most))))


def short(text):
    """The number that ``text`` is, of at most nine digits and nothing else; None where it is none."""
    return int(text) if _ID.fullmatch(text) else None


#: The id that a text is of a row with a number; None where no row can have it.
row_id = short
