"""Regular expressions that users filter by: how long the slowest text could keep a database busy with one.

SQLite asks Python's ``re``, which tries one way to match after the other.  So the ways are counted beforehand, from
above: what comes out small is quick whatever the text is.
"""

import re
import warnings

from nova_lite.common import exception

LONGEST = 255           # characters of a pattern, and of nearly every column
#: Ways there may be, and what a repetition counts at most: half of its length, for on average it begins in the middle.
#: So two long ones that may have each other's characters are let through, or eight that may be left out: some 30 ms.
_MOST, _LONG = 17_000, 130
_ASCII = frozenset(map(chr, range(128)))
_BEYOND = "beyond ASCII"           # stands for all other characters
_ALL = _ASCII | {_BEYOND}
_REPEATS = frozenset(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"))


def check(pattern):
    """``pattern`` is one that ``re`` can read, where it is not too long.

    :raises BadRequest: it is long, or there are too many ways to match it.
    """
    if len(pattern) <= LONGEST:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = re._parser.parse(pattern)
        if _ways(_flat(parsed), whole=True) <= _MOST:
            return
    raise exception.BadRequest(f"The regular expression '{pattern[:80]}' is too complex for a filter.")


def _flat(parsed):
    """[(operation, arguments)] of a sequence, with groups opened where they stand."""
    made = []
    for operation, arguments in parsed:
        name = str(operation)
        if name == "SUBPATTERN":
            made += _flat(arguments[-1])
        elif name == "ATOMIC_GROUP":
            made += _flat(arguments)
        else:
            made.append((name, arguments))
    return made


def _ways(sequence, whole=False):
    """How many ways there are to match a sequence at one place of a text; above ``_MOST`` it may be any number.

    :param whole: nothing follows it.
    """
    ways = 1
    for at, (name, arguments) in enumerate(sequence):
        if name in _REPEATS:
            ways *= _ways_of_repeat(arguments, sequence[at + 1:], whole, again=ways > 1)
        elif name == "BRANCH":
            ways *= _ways_of_branch([_flat(each) for each in arguments[1]])
        elif name in ("ASSERT", "ASSERT_NOT"):
            ways *= _ways(_flat(arguments[1]))
        elif name.startswith("GROUPREF"):
            return _MOST + 1
        if ways > _MOST:
            return ways
    return ways


def _ways_of_repeat(arguments, rest, whole, *, again):
    """Of something from ``low`` to ``high`` times, before ``rest``.

    :param again: what stands before it has several ways, and for each the whole repetition is read again.
    """
    low, high, inner = min(arguments[0], LONGEST), min(arguments[1], LONGEST), _flat(arguments[2])
    once = _ways(inner)
    if once > 1:
        return (high - low + 1) * once ** min(high, 20)         # 2 ** 20 is too many already
    if low == high or (whole and not rest) or (not again and _ends_where_it_must(inner, rest)):
        return 1
    return min(high - low + 2, _LONG)


def _ends_where_it_must(inner, rest):
    """Whether only one number of times can be right, since what is repeated cannot be what follows."""
    if not rest:
        return False
    name, arguments = rest[0]
    if name == "AT" and str(arguments) in ("AT_END", "AT_END_STRING"):
        return len(inner) == 1
    return not _first(inner) & _first(rest)


def _ways_of_branch(branches):
    """Either: one of them at most can be right where no two begin alike."""
    firsts, seen = [_first(each) for each in branches], set()
    for each in firsts:
        if each & seen:
            return sum(map(_ways, branches)) + 1
        seen |= each
    return max(map(_ways, branches))


def _first(sequence):
    """Characters, in lower case, that a sequence may begin with, or more."""
    if not sequence:
        return _ALL
    name, arguments = sequence[0]
    if name == "LITERAL":
        return _letter(arguments)
    if name == "IN":
        return _one_of(arguments)
    if name in _REPEATS and arguments[0] > 0:
        return _first(_flat(arguments[2]))
    return _ALL


def _one_of(members):
    found = set()
    for operation, arguments in members:
        name = str(operation)
        if name == "LITERAL":
            found |= _letter(arguments)
        elif name == "RANGE" and arguments[1] < 128:
            found.update(*map(_letter, range(arguments[0], arguments[1] + 1)))
        elif name == "CATEGORY" and str(arguments) == "CATEGORY_DIGIT":
            found |= {*"0123456789", _BEYOND}
        else:
            return _ALL
    return found


def _letter(code):
    """A character with the case ignored; three letters are then characters beyond ASCII, too."""
    character = chr(code).lower()
    return {character, _BEYOND} if code >= 128 or character in "iks" else {character}
