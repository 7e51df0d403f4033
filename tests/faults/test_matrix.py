"""The fault matrix in its fast form: each operation x each point it passes x each fault, in a simulated cloud.

A failing case prints its story and how to see it again:  python -m tests.faults.replay "CASE"
"""

import pytest

from tests.faults import matrix


@pytest.mark.parametrize("name", matrix.cases())
def test_whatever_happens_all_ends_well(name):
    result = matrix.run(matrix.cases()[name])
    assert not result.wrong, str(result)
