"""Tempest's compute and network tests, and neutron-tempest-plugin's, against a whole cloud with the fake driver.

Each listed test passes, or has a reason why not.  The list is data/tempest.txt, what cannot pass and why is
tempest_not_passed.tsv; a real Nova and Neutron decide about both.
"""

import os
import subprocess
import sys

import pytest

from tests.clouds import ROOT
from tests.conformance import tempest_cloud
from tests.conformance.stestr_runs import name_of

LISTED = tempest_cloud.listed()
NOT_PASSED = tempest_cloud.not_passed()
_WORKERS = int(os.environ.get("NOVA_LITE_TEST_TEMPEST_JOBS", "4"))


@pytest.fixture(scope="module")
def whole_cloud(tmp_path_factory):
    made = tempest_cloud.start(tmp_path_factory.mktemp("cloud"))
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory, whole_cloud):
    """{test: Outcome} of one run of Tempest, of those tests that pytest was asked for."""
    wanted = [each.callspec.params["test"] for each in request.session.items if each.path == request.path
              and hasattr(each, "callspec") and "outcomes" in each.fixturenames]
    tempest = tempest_cloud.Tempest(tmp_path_factory.mktemp("tempest"), whole_cloud)
    tempest.configure()
    return tempest.run(wanted, _WORKERS)


@pytest.mark.parametrize("test", LISTED, ids=name_of)
def test_a_listed_test_of_tempest_passes_unless_excused(outcomes, test):
    outcome, reason = outcomes[test], NOT_PASSED.get(name_of(test))
    if reason is None:
        assert outcome.status == "success", f"{outcome.status}: {test}\n{outcome.text}"
    else:
        assert outcome.status != "success", f"it passes: take it out of {tempest_cloud.NOT_PASSED} ({reason})"


def test_tempest_leaves_no_resources_and_no_drift(outcomes, whole_cloud):
    """After all that, the cloud is as empty as it was, and the auditor agrees."""
    assert whole_cloud.get("/compute/v2.1/servers?all_tenants=1", user="admin").body["servers"] == []
    [host] = whole_cloud.get("/compute/v2.1/os-hypervisors/detail", user="admin").body["hypervisors"]
    assert (host["vcpus_used"], host["local_gb_used"], host["running_vms"]) == (0, 0, 0)
    ports = whole_cloud.get("/network/v2.0/ports", user="admin").body["ports"]
    assert [each for each in ports if each["device_owner"].startswith("compute:")] == []
    for kind in ("routers", "floatingips"):
        assert whole_cloud.get(f"/network/v2.0/{kind}", user="admin").body[kind] == []
    found = subprocess.run(
        [sys.executable, "-m", "nova_lite.cmd.nova_lite", "audit", "--now", "--state-dir", whole_cloud.state_dir,
         "--config-file", os.path.join(whole_cloud.directory, "test.conf")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert found.returncode == 0, found.stdout + found.stderr


def test_excused_tests_are_listed_once_and_with_a_reason():
    assert len(LISTED) == len(set(LISTED))
    assert not set(NOT_PASSED) - {name_of(test) for test in LISTED}
    assert all(NOT_PASSED.values())
