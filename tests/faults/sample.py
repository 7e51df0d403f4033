"""The part of the fault matrix that a run tries by default; another seed is another part, and in time all is tried.

NOVA_LITE_TEST_MATRIX is the seed, or "whole" for every case; where it is not set, the day is the seed.
"""

import datetime
import functools
import os
import random

from tests import sampled
from tests.faults import changes, matrix

#: How many of the matrix's cases a sample has, at least what ``drawn`` must cover.
SIZE = 1250
WHOLE = sampled.WHOLE


def chosen():
    """What NOVA_LITE_TEST_MATRIX says: WHOLE or a seed, a text."""
    return os.environ.get("NOVA_LITE_TEST_MATRIX") or datetime.date.today().strftime("%Y%m%d")


def names():
    """The names of the cases of this run, in the matrix's order."""
    return list(matrix.cases()) if chosen() == WHOLE else drawn(chosen())


def remote_names():
    """As ``names``, of the cases with a remote service."""
    cases = matrix.remote_cases()
    return list(cases) if chosen() == WHOLE else drawn(chosen(), 0, cases)


def drawn(seed, size=SIZE, cases=None):
    """The names of a sample: every kind of fault in every scenario of operations, a fault in every change, every point,
    and then whichever the dice say.

    :param cases: of which; None: of all but those with a remote service.
    """
    cases = matrix.cases() if cases is None else cases
    dice = random.Random(seed)
    shuffled = dice.sample(list(cases), len(cases))
    sample, seen = set(), set()
    for aspects in (_kind, _points):
        for name in shuffled:
            new = aspects(cases[name]) - seen
            if new:
                seen |= new
                sample.add(name)
    rest = (name for name in shuffled if name not in sample)
    sample.update(name for _, name in zip(range(size - len(sample)), rest, strict=False))
    return [name for name in cases if name in sample]


def _kind(case):
    """What happens to whom: {(scenario, kind of fault)}, however long it lasts; "dice" for two faults or a bad bus.

    Of a change, which is one request without an operation, that anything happens.
    """
    if case.scenario in _changes():
        return {case.scenario} if case.faults else set()
    if not case.faults and not case.bus:
        return set()
    return {(case.scenario, case.faults[0].kind if len(case.faults) == 1 and not case.bus else "dice")}


@functools.cache
def _changes():
    return frozenset(changes.names())


def _points(case):
    return {fault.point for fault in case.faults}
