"""The fault matrix in its fast form: each operation x each point it passes x each fault, in a simulated cloud.

A failing case prints its story and how to see it again:  python -m tests.faults.replay "CASE"
"""

import pytest

from tests.faults import matrix


@pytest.mark.parametrize("name", matrix.cases())
def test_whatever_happens_all_ends_well(name):
    world = matrix.run(matrix.cases()[name])
    assert not world.wrong, report(name, world)


def report(name, world):
    wrong = "\n".join(world.wrong)
    return f"{wrong}\n\n{world.story()}\n\n{wrong}\n\nAgain: python -m tests.faults.replay {name!r}"
