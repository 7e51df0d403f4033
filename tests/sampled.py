"""What a run takes of the tests that ask one thing in many variants: all of them, or a part that its seed chooses.

NOVA_LITE_TEST_MATRIX is WHOLE or a seed; ``tools/test.sh`` sets it to the day, written as 20261130.  Where it is not
set, as when a file of tests is run by hand, everything runs.
"""

import os
import zlib

WHOLE = "whole"


def seed():
    """The seed, a text; None where everything runs."""
    given = os.environ.get("NOVA_LITE_TEST_MATRIX") or WHOLE
    return None if given == WHOLE else given


def takes(name, parts):
    """Whether this run takes the variant ``name``; of ``parts`` seeds that follow each other one does."""
    return seed() is None or (zlib.crc32(name.encode()) + _number()) % parts == 0


def one_of(variants):
    """A list of one of the variants, each in its turn; of all where everything runs."""
    return list(variants) if seed() is None else [variants[_number() % len(variants)]]


def _number():
    given = seed()
    return int(given) if given.isdigit() else zlib.crc32(given.encode())


def part_of(variants, parts, always=()):
    """Of a list of variants those that this run takes, in order.

    :param always: names of some that every run takes.  A variant's name is what ``str`` makes of it; of a tuple, of its
        members with a space between.
    """
    return [each for each in variants if _name(each) in always or takes(_name(each), parts)]


def _name(variant):
    return " ".join(map(str, variant)) if isinstance(variant, tuple) else str(variant)
