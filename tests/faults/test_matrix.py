"""The fault matrix in its fast form: each operation x each point it passes x each fault, in a simulated cloud.

A run tries a sample of the cases or all of them (sample.py).  A failing case prints its story and how to see it again:
python -m tests.faults.replay "CASE"
"""

import pytest

from tests.faults import matrix, sample


@pytest.mark.parametrize("name", sample.names())
def test_a_case_of_the_matrix_ends_without_violations(name):
    result = matrix.run(matrix.cases()[name])
    assert not result.wrong, str(result)


@pytest.mark.parametrize("name", sample.remote_names())
def test_a_case_with_a_remote_service_ends_without_violations(name):
    result = matrix.run(matrix.case_of(name))
    assert not result.wrong, str(result)
