"""Tempest's compute tests against a whole cloud with the fake driver: each listed one passes, or is told why not.

The list is data/tempest.txt, what cannot pass and why is tempest_not_passed.tsv; both are judged by a real Nova.
"""

import os

import pytest

from tests.conformance import tempest_cloud
from tests.conformance.tempest_cloud import name_of

LISTED = tempest_cloud.listed()
NOT_PASSED = tempest_cloud.not_passed()
_WORKERS = int(os.environ.get("NOVA_LITE_TEST_TEMPEST_JOBS", "4"))


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """{test: Outcome} of one run of Tempest, of those tests that pytest was asked for."""
    wanted = [each.callspec.params["test"] for each in request.session.items
              if "outcomes" in getattr(each, "fixturenames", ())]
    environment = os.environ.get(tempest_cloud.ENVIRONMENT)
    assert environment, f"{tempest_cloud.ENVIRONMENT} names no virtual environment of Tempest: run tools/test.sh"
    cloud = tempest_cloud.start(tmp_path_factory.mktemp("cloud"))
    try:
        tempest = tempest_cloud.Tempest(environment, tmp_path_factory.mktemp("tempest"), cloud)
        tempest.configure()
        yield tempest.run(wanted, _WORKERS)
    finally:
        cloud.stop()


@pytest.mark.parametrize("test", LISTED, ids=name_of)
def test_tempest(outcomes, test):
    outcome, reason = outcomes[test], NOT_PASSED.get(name_of(test))
    if reason is None:
        assert outcome.status == "success", f"{outcome.status}: {test}\n{outcome.text}"
    else:
        assert outcome.status != "success", f"it passes: take it out of {tempest_cloud.NOT_PASSED} ({reason})"


def test_what_is_excused_is_listed_once_and_with_a_reason():
    assert len(LISTED) == len(set(LISTED))
    assert not set(NOT_PASSED) - {name_of(test) for test in LISTED}
    assert all(NOT_PASSED.values())
