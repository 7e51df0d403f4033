"""Seeds that follow each other leave nothing out, and without a seed everything runs."""

import pytest

from tests import sampled, whole_cloud

NAMES = [f"variant {number}" for number in range(50)]


@pytest.fixture
def seed(monkeypatch):
    return lambda text: monkeypatch.setenv("NOVA_LITE_TEST_MATRIX", text)


@pytest.mark.parametrize("text", ["", sampled.WHOLE])
def test_without_a_seed_everything_runs(seed, text):
    seed(text)
    assert sampled.part_of(NAMES, 4) == sampled.one_of(NAMES) == NAMES


def test_as_many_days_as_there_are_parts_take_every_variant_once(seed):
    taken = []
    for day in range(20261127, 20261131):
        seed(str(day))
        part = sampled.part_of(NAMES, 4)
        assert 0 < len(part) < len(NAMES)
        taken += part
    assert sorted(taken) == sorted(NAMES)


def test_variants_take_turns(seed):
    def of(day):
        seed(str(day))
        return sampled.one_of(("one", "other"))
    assert of(20261129) != of(20261130)
    assert len(of(20261129)) == 1


def test_a_seed_may_be_any_text(seed):
    seed("a text")
    assert sampled.part_of(NAMES, 4) == sampled.part_of(NAMES, 4) != NAMES


def test_some_are_taken_always(seed):
    for day in range(4):
        seed(str(day))
        assert ("a", 1) in sampled.part_of([("a", 1), ("b", 2), ("c", 3)], 4, {"a 1"})


def test_routes_that_were_broken_once_are_there():
    known = {f"{service} {entry}" for service, table in whole_cloud.TABLES.items()
             for entry in (*table.ROUTES, *getattr(table, "ACTIONS", ()))}
    assert known >= whole_cloud.ONCE_BROKEN
