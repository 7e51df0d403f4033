"""A sample of the fault matrix leaves out no operation, no kind of fault and no point, and its seed is all it takes."""

import pytest

from tests.faults import changes, matrix, sample
from tests.faults.scenarios import scenarios


@pytest.fixture(scope="module")
def drawn():
    return sample.drawn("1")


def test_a_sample_has_every_kind_of_fault_in_every_scenario_of_operations(drawn):
    def kinds(names):
        return {(case.scenario, fault.kind) for case in map(matrix.cases().get, names)
                for fault in case.faults if len(case.faults) == 1 and case.scenario not in changes.names()}
    assert kinds(drawn) == kinds(matrix.cases())
    assert {matrix.cases()[name].scenario for name in drawn} >= set(scenarios())


def test_a_sample_has_a_fault_in_every_change(drawn):
    def broken(names):
        return {case.scenario for case in map(matrix.cases().get, names) if case.faults} & set(changes.names())
    assert broken(drawn) == broken(matrix.cases())


def test_a_sample_has_every_point(drawn):
    def points(names):
        return {fault.point for name in names for fault in matrix.cases()[name].faults}
    assert points(drawn) == points(matrix.cases())


def test_a_seed_gives_one_sample_and_another_seed_another(drawn):
    assert sample.drawn("1") == drawn
    assert sample.drawn("2") != drawn


def test_a_run_that_asks_for_the_whole_matrix_gets_it(monkeypatch):
    monkeypatch.setenv("NOVA_LITE_TEST_MATRIX", sample.WHOLE)
    assert sample.names() == list(matrix.cases())


def test_the_part_with_remote_services_is_of_the_same_seed(monkeypatch):
    monkeypatch.setenv("NOVA_LITE_TEST_MATRIX", "20261129")
    assert sample.remote_names() == sample.drawn("20261129", 0, matrix.remote_cases())
    monkeypatch.delenv("NOVA_LITE_TEST_MATRIX")
    assert sample.remote_names() == sample.drawn(sample.chosen(), 0, matrix.remote_cases())
    monkeypatch.setenv("NOVA_LITE_TEST_MATRIX", sample.WHOLE)
    assert sample.remote_names() == list(matrix.remote_cases())
