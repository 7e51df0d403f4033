"""Whatever fails leaves words for its readers: an event of the action, and a fault where the server broke."""

import pytest

from nova_lite import db
from nova_lite.common.context import RequestContext
from nova_lite.conductor.effects.base import Failure, Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.db import operations
from nova_lite.db.faults import fault
from nova_lite.objects.states import OPERATIONS, Vm, action

WHO = RequestContext("alice", "pa", ("member",), request_id="req-99999999-0000-4000-8000-000000000000")
WHY = "The host would not."


def begin(server, name):
    with db.writer() as session:
        return operations.begin(session, WHO, server, OPERATIONS[name], {})[0]


def fail(cloud, operation_id):
    """As the conductor does where it fails before any step of it began."""
    with db.writer() as session:
        leased = operations.lease(session, operation_id, "host-1", "w1", 15)
        Completion(Services(cloud.network, cloud.images)).fail(session, leased, Failure(500, WHY))


def event(cloud, server, **rest):
    """The one event of the action as one of its readers sees it; None where he sees none."""
    shown = cloud.get(f"/servers/{server}/os-instance-actions/{WHO.request_id}", **rest)["instanceAction"]
    assert shown["message"] == "Error"
    if "events" not in shown:
        return None
    [found] = shown["events"]
    assert found["result"] == "Error" and found["finish_time"]
    return found


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"delete_server"}))
def test_an_operation_that_fails_before_its_first_step_has_an_event_that_says_why(cloud, name):
    vm_state = min(OPERATIONS[name].allowed, key=lambda each: (each != Vm.ACTIVE, each == Vm.SOFT_DELETED))
    server = cloud.make(vm_state=vm_state)
    fail(cloud, begin(server, name))
    found = event(cloud, server, user="admin", version="2.84")
    assert (found["event"], found["host"]) == ("compute_begin", "host-1")
    assert found["details"] == found["traceback"] == WHY
    assert set(event(cloud, server, version="2.51")) == {"event", "start_time", "finish_time", "result"}
    assert event(cloud, server, version="2.50") is None
    action_names = [each["action"] for each in cloud.get(f"/servers/{server}/os-instance-actions")["instanceActions"]]
    assert action(name) in action_names
    shown = cloud.get(f"/servers/{server}", user="admin")["server"]
    assert shown["OS-EXT-STS:vm_state"] == (OPERATIONS[name].failing or vm_state)
    assert (shown.get("fault", {}).get("message") == WHY) == (shown["status"] == "ERROR")


def test_an_operation_cancelled_before_its_first_step_names_the_one_that_cancelled_it(cloud):
    server = cloud.make()
    begin(server, "stop_server")
    assert cloud.call("DELETE", f"/servers/{server}").status_int == 204
    assert event(cloud, server, user="admin", version="2.84")["details"].startswith("Cancelled by delete (request req-")


@pytest.mark.parametrize("name", ["stop_server", "rescue_server"])
def test_a_server_in_error_shows_the_fault_of_its_last_failed_operation(cloud, name):
    server = cloud.make(vm_state="error")
    cloud.settle(server, fault=fault(500, "An older one."))
    fail(cloud, begin(server, name))
    shown = cloud.get(f"/servers/{server}")["server"]
    assert (shown["status"], shown["fault"]["message"]) == ("ERROR", WHY)


def test_an_action_is_found_by_its_own_updated_at(cloud):
    server = cloud.make()
    fail(cloud, begin(server, "stop_server"))
    path = f"/servers/{server}/os-instance-actions"
    [shown] = [each["updated_at"] for each in cloud.get(path, version="2.66")["instanceActions"]
               if each["action"] == "stop"]
    for moment in (shown, shown[:19]):
        found = cloud.get(f"{path}?changes-since={moment}&changes-before={moment}", version="2.66")["instanceActions"]
        assert "stop" in [each["action"] for each in found]
