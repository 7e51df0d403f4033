"""What crosses the wire: every question has its endpoint, and objects keep the shape that older hosts know."""

import inspect

import pytest
from oslo_versionedobjects import fixture
from oslo_versionedobjects.base import VersionedObjectRegistry

from nova_lite.compute import manager as compute_manager
from nova_lite.compute.rpcapi import DOORBELLS, ComputeAPI
from nova_lite.conductor import manager as conductor_manager
from nova_lite.conductor.rpcapi import ConductorAPI
from nova_lite.objects import drift, operation, server  # noqa: F401 - to register them
from nova_lite.objects.states import OPERATIONS
from nova_lite.scheduler import manager as scheduler_manager
from nova_lite.scheduler.rpcapi import SchedulerAPI

#: Change a shape only together with its VERSION, and pin the new fingerprint here.
FINGERPRINTS = {
    "Address": "1.0-d88aeb31abead89312610136d027fea2",
    "CachedImage": "1.0-7df197e10616c173fce52c3e7746ab3c",
    "Finding": "1.0-b63226c9ef6e40226d51d7e5368ba81e",
    "Flavor": "1.0-b07dc4d3e08be1aeb2ebc542e5885999",
    "Host": "1.1-2c67146d62d01670f3c643274f6fd447",
    "Image": "1.0-77a1800b76aef7d9420917a7f05ae62b",
    "Job": "1.1-b21e209766e0a2f1e4c124100229a032",
    "Nic": "1.0-427ea6162ceb9c27bf7621bbaee5228a",
    "Outcome": "1.0-40f4d4c927620fb4b211d3e1e3fe6e25",
    "Sight": "1.0-c06ae3e55a68943617247f3ac9fbb760",
    "Verdict": "1.0-793629636aa161c86153ef7cec5375c1",
    "Server": "1.0-d17536b43a0ecba1f0c62340efaea927",
}


def public(kind):
    return {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}


@pytest.mark.parametrize(("asks", "answers"), [
    (ConductorAPI, public(conductor_manager.Endpoint)), (SchedulerAPI, public(scheduler_manager.Endpoint)),
    (ComputeAPI, public(compute_manager.Endpoint) | {"get_console_output", "cache_images", "open_console",
                                                     "get_diagnostics", "trigger_crash_dump",
                                                     "sync_power"})])
def test_each_question_has_its_endpoint(asks, answers):
    assert public(asks) - {"ring"} == answers


def test_every_operation_has_a_doorbell_that_a_host_hears():
    assert set(DOORBELLS) == set(OPERATIONS)
    assert set(DOORBELLS.values()) <= public(compute_manager.Endpoint)


def test_objects_have_the_shape_that_their_version_promises():
    ours = {name: kinds for name, kinds in VersionedObjectRegistry.obj_classes().items()
            if kinds[0].__module__.startswith("nova_lite.")}
    assert fixture.ObjectVersionChecker(ours).get_hashes() == FINGERPRINTS
