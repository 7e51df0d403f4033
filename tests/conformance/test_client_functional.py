"""The functional tests of networks that ship with openstackclient and openstacksdk, against a whole cloud.

Each passes, or has a reason why not in functional_not_passed.tsv; a real Neutron decides about both.  A run takes a
part of them, and another every day.  Those of openstackclient run ``openstack`` for each step, from a process that has
loaded it once: as processes of their own, the commands of all of them take ten minutes.
"""

import contextlib
import os

import pytest

from tests import sampled
from tests.conformance import functional_clouds, stestr_runs

REASONS = functional_clouds.not_passed()
CASES = [(suite, test) for suite in functional_clouds.SUITES
         for test in sampled.part_of(suite.listed(), suite.parts, always=functional_clouds.ONCE_BROKEN)]
_WORKERS = int(os.environ.get("NOVA_LITE_TEST_TEMPEST_JOBS", "4"))


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    made = functional_clouds.start(tmp_path_factory.mktemp("cloud"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def runs(tmp_path_factory, cloud):
    """{suite: its Runs}"""
    with contextlib.ExitStack() as stack:
        found = {each: each.runs(cloud, tmp_path_factory.mktemp(each.package)) for each in functional_clouds.SUITES}
        client = found[functional_clouds.OPENSTACKCLIENT]
        client.programs = stack.enter_context(functional_clouds.Launcher(client, tmp_path_factory.mktemp("bin")))
        yield found


@pytest.fixture(scope="module")
def outcomes(request, runs):
    """{(suite, test): Outcome} of those tests that pytest was asked for; one run a suite."""
    asked = [(each.callspec.params["suite"], each.callspec.params["test"]) for each in request.session.items
             if each.path == request.path and hasattr(each, "callspec") and "outcomes" in each.fixturenames]
    found = {}
    for suite in functional_clouds.SUITES:
        tests = [test for its, test in asked if its is suite]
        if tests:
            found |= {(suite, test): each for test, each in runs[suite].run(tests, _WORKERS).items()}
    return found


@pytest.mark.parametrize(("suite", "test"), CASES, ids=[test for _, test in CASES])
def test_a_functional_test_of_a_client_passes_unless_excused(outcomes, suite, test):
    outcome, reason = outcomes[suite, test], stestr_runs.reason_of(test, REASONS)
    if reason is None:
        assert outcome.status == "success", f"{outcome.status}: {test}\n{outcome.text}"
    else:
        assert outcome.status != "success", f"it passes: take it out of {functional_clouds.NOT_PASSED} ({reason})"


@pytest.mark.parametrize("suite", functional_clouds.SUITES, ids=lambda each: each.package)
def test_every_test_that_the_package_has_is_listed(runs, suite):
    assert suite.listed() == runs[suite].known(), f"make {suite.path} anew"


def test_what_is_excused_is_there_and_has_a_reason():
    tests = {test for suite in functional_clouds.SUITES for test in suite.listed()}
    assert [name for name in REASONS if not any(f"{test}.".startswith(f"{name}.") for test in tests)] == []
    assert all(REASONS.values())
