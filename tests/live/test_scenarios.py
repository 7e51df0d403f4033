"""Tempest's scenarios against a cloud with real guests, which they log in to by ssh.

Each passes, or has a reason why not in scenario_not_passed.tsv; a real Nova and Neutron decide about both.  A run takes
one of those that pass, and another every day; a full run takes all.
"""

import os

import pytest

from tests import sampled
from tests.conformance import scenarios, stestr_runs
from tests.live.test_audit_real import listed as drift

LISTED, REASONS = scenarios.listed(), scenarios.not_passed()
PASSING = [each for each in LISTED if stestr_runs.reason_of(each, REASONS) is None]
TAKEN = LISTED if sampled.seed() is None else sampled.one_of(PASSING)
_WORKERS = int(os.environ.get("NOVA_LITE_TEST_TEMPEST_JOBS", "2"))


@pytest.fixture(scope="module")
def tempest(tmp_path_factory, real_cloud):
    made = scenarios.Scenarios(tmp_path_factory.mktemp("scenarios"), real_cloud)
    made.configure()
    return made


@pytest.fixture(scope="module")
def outcomes(request, tempest):
    """{test: Outcome} of one run of Tempest, of those tests that pytest was asked for."""
    wanted = [each.callspec.params["test"] for each in request.session.items if each.path == request.path
              and hasattr(each, "callspec") and "outcomes" in each.fixturenames]
    return tempest.run(wanted, _WORKERS)


@pytest.mark.parametrize("test", TAKEN, ids=stestr_runs.name_of)
def test_a_scenario_passes_unless_excused(real_cloud, outcomes, test):
    outcome, reason = outcomes[test], stestr_runs.reason_of(test, REASONS)
    if reason is None:
        assert outcome.status == "success", f"{outcome.status}: {test}\n{outcome.text}"
    else:
        assert outcome.status != "success", f"it passes: take it out of {scenarios.NOT_PASSED} ({reason})"


def test_scenarios_leave_no_resources_and_no_drift(real_cloud, outcomes):
    assert real_cloud.get("/compute/v2.1/servers?all_tenants=1", user="admin").body["servers"] == []
    ports = real_cloud.get("/network/v2.0/ports", user="admin").body["ports"]
    assert [each for each in ports if each["device_owner"].startswith("compute:")] == []
    assert real_cloud.get("/network/v2.0/floatingips", user="admin").body["floatingips"] == []
    assert drift(real_cloud) == set()


def test_every_scenario_that_tempest_has_is_listed(tempest):
    assert tempest.known() == LISTED, f"make {scenarios.LISTED} anew"


def test_what_is_excused_is_a_scenario_and_has_a_reason():
    assert [name for name in REASONS
            if not any(f"{stestr_runs.name_of(test)}.".startswith(f"{name}.") for test in LISTED)] == []
    assert all(REASONS.values())
