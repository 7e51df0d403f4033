"""What crosses the wire: every question has its endpoint, and objects keep the shape that older hosts know."""

import importlib
import inspect
import pathlib
import types

import pytest
from oslo_versionedobjects import fixture
from oslo_versionedobjects.base import VersionedObjectRegistry

from nova_lite.compute import manager as compute_manager
from nova_lite.compute import rpcapi as compute_rpcapi
from nova_lite.compute.rpcapi import ComputeAPI
from nova_lite.conductor import effects
from nova_lite.conductor import rpcapi as conductor_rpcapi
from nova_lite.conductor.effects.base import Effect, Services
from nova_lite.conductor.effects.completion import load
from nova_lite.conductor.endpoints.audit import Audits
from nova_lite.conductor.endpoints.desired_state import DesiredState
from nova_lite.conductor.endpoints.flows import Flows
from nova_lite.conductor.endpoints.hosts import Hosts
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.conductor.rpcapi import ConductorAPI
from nova_lite.network import rpcapi as network_rpcapi
from nova_lite.network.agent import Endpoint as NetworkAgentEndpoint
from nova_lite.network.rpcapi import NetworkAgentAPI
from nova_lite.objects import (  # noqa: F401 - to register them
    desired_group,
    desired_router,
    desired_state,
    drift,
    operation,
    server,
)
from nova_lite.objects.states import COMPUTE, CONDUCTOR, OPERATIONS
from nova_lite.scheduler import manager as scheduler_manager
from nova_lite.scheduler import rpcapi as scheduler_rpcapi
from nova_lite.scheduler.rpcapi import SchedulerAPI

EFFECTS = pathlib.Path(effects.__file__).parent

#: Change a shape only together with its VERSION, and pin the new fingerprint here.
FINGERPRINTS = {
    "Address": "2.1-cc4277eaa74f24e971bfa2733ce43557",
    "CachedImage": "2.0-7df197e10616c173fce52c3e7746ab3c",
    "DesiredFloatingIp": "2.0-f9325ebaa63a72d08532ff7dee4b1c31",
    "AddressGroupChanges": "2.0-6d0c41ee92b7e372d7e137f5df4067f2",
    "DesiredAddressGroup": "2.0-e1ca0c25c768245e6845ff1f63819abf",
    "DesiredGroup": "2.0-1e256e27251a528763b2ee58766e5da4",
    "DesiredGroupRule": "2.0-5a3ab4b1d006fb6f616416a9ad37aa50",
    "DesiredMember": "2.0-26e443876ece30fe95251c7783c9040e",
    "GroupChanges": "2.0-e34c1375417cc268cae3abd3a3f78c03",
    "DesiredNetwork": "2.0-b2e1ded2d9ae75acb59fc4a6ade00cc2",
    "DesiredPort": "2.0-015e5cc4c46a3c489dcd44328d0cc7d0",
    "DesiredPortForwarding": "2.0-80f3891a35078bf2b3e3a196ade340d3",
    "DesiredRoute": "2.0-de8bc2e1037a62f0fbc8fc5522f6c857",
    "DesiredRouter": "2.0-07d83989202a5a4b684cf4f14e65b9d6",
    "DesiredRouterAddress": "2.1-5ddb7d3f5e6a43ef11bb0f8c1ca1aa5e",
    "DesiredRouterPort": "2.1-7ea8a0d993f7d4f9ae927dab7d74b9e5",
    "DesiredSubnet": "2.1-2306a16261a976b833d355fb3ba3329e",
    "Finding": "2.0-b63226c9ef6e40226d51d7e5368ba81e",
    "Flavor": "2.0-b07dc4d3e08be1aeb2ebc542e5885999",
    "Host": "2.0-2c67146d62d01670f3c643274f6fd447",
    "Image": "2.0-77a1800b76aef7d9420917a7f05ae62b",
    "Lease": "2.0-b21e209766e0a2f1e4c124100229a032",
    "Nic": "2.1-dc874c4862d8486c49c658b0215ce1db",
    "Outcome": "2.0-40f4d4c927620fb4b211d3e1e3fe6e25",
    "RouterChanges": "2.0-4bac0e8540ecd002266380ab8ca35cc9",
    "ScopeChanges": "2.0-76cddd2ee48762748db1b3547b0a9414",
    "HostReport": "2.1-8bc49c79bfc1ba2ff4700a098f02d133",
    "Verdict": "2.0-793629636aa161c86153ef7cec5375c1",
    "Server": "2.0-d7324415efe315ecf65d626056b90e80",
}


def public(kind):
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize(("rpcapi", "asks", "answers"), [
    (conductor_rpcapi, ConductorAPI, (Flows, Leases, Hosts, Audits, DesiredState)),
    (scheduler_rpcapi, SchedulerAPI, (scheduler_manager.Endpoint,)),
    (network_rpcapi, NetworkAgentAPI, (NetworkAgentEndpoint,)),
    (compute_rpcapi, ComputeAPI, (compute_manager.Endpoint,))])
def test_each_method_of_an_rpcapi_has_its_endpoint_of_the_same_version(rpcapi, asks, answers):
    asked, answered = public(asks) - {"notify"}, set().union(*map(public, answers))
    unlike = ", ".join(sorted(asked ^ answered))
    assert asked == answered, (
        f"{unlike}: in {asks.__name__} or in {', '.join(each.__name__ for each in answers)}, and not in both")
    assert {each.target.version for each in answers} == {rpcapi.VERSION}


def started_by(kind):
    """Methods that are given nothing but an operation's id, and the host where one is asked."""
    return {name for name in public(kind) if set(inspect.signature(getattr(kind, name)).parameters) - {"host"} == {
        "self", "context", "operation_id"}}


def check_methods(where, found, rows, parameters):
    """Compare the methods ``found`` with the rows of OPERATIONS."""
    assert found >= rows, f"{where} has no {', '.join(f'{each}({parameters})' for each in sorted(rows - found))}"
    assert found <= rows, f"{where} has {', '.join(sorted(found - rows))}: no row of OPERATIONS for it is called so"


def test_the_operations_of_a_host_have_one_name_on_every_floor(monkeypatch):
    rows = {each.name for each in OPERATIONS.values() if COMPUTE in each.topics}
    check_methods("compute/rpcapi.py: ComputeAPI", started_by(ComputeAPI), rows, "context, host, operation_id")
    check_methods("compute/manager.py: Endpoint", started_by(compute_manager.Endpoint), rows, "context, operation_id")
    tasks = compute_manager.Tasks(None, (types.SimpleNamespace(console=None),) * 3, None, None)
    started = []
    monkeypatch.setattr(compute_manager.Endpoint, "_start", lambda _, task, *args: started.append((task, *args)))
    for name in sorted(rows):
        try:
            getattr(compute_manager.Endpoint(tasks), name)("context", "id")
        except AttributeError as error:
            pytest.fail(f"Endpoint.{name}: {error}: see compute/tasks/, and Tasks")
        assert (started[-1][0].__name__, *started[-1][1:]) == (name, "context", "id")


def test_the_operations_of_the_conductor_have_one_name_on_every_floor():
    rows = {each.name for each in OPERATIONS.values() if CONDUCTOR in each.topics}
    assert started_by(ConductorAPI) | {"build_server"} == started_by(Flows) | {"build_server"} == rows


@pytest.mark.parametrize("row", OPERATIONS.values(), ids=lambda row: row.name)
def test_the_effect_that_a_row_names_is_a_class(row):
    module, _, name = row.effect.partition(".")
    there = (EFFECTS / f"{module}.py").exists()
    assert there and hasattr(importlib.import_module(f"{effects.__name__}.{module}"), name), (
        f"nova_lite/conductor/effects/{module}.py has no class {name}, which the row of {row.name} names as its effect")


def test_every_operation_has_its_effect():
    loaded = load(Services(None, None))
    assert set(loaded) == set(OPERATIONS) and all(isinstance(each, Effect) for each in loaded.values())


def test_an_operation_is_known_by_its_own_name_alone():
    assert all(name == each.name and each.action for name, each in OPERATIONS.items())


def test_objects_have_the_shape_that_their_version_promises():
    ours = {name: kinds for name, kinds in VersionedObjectRegistry.obj_classes().items()
            if kinds[0].__module__.startswith("nova_lite.")}
    found = fixture.ObjectVersionChecker(ours).get_hashes()
    unlike = {name: found.get(name) for name in found.keys() | FINGERPRINTS.keys()
              if found.get(name) != FINGERPRINTS.get(name)}
    assert not unlike, f"objects of another shape than FINGERPRINTS says: give each a new VERSION, and pin it: {unlike}"
