"""What may be done to a server, in each state, as the table of operations says and in Nova's words."""

import pytest

from nova_lite.objects.states import OPERATIONS, Vm

#: (action, its argument, operation, version); by an administrator, whom no lock stops.
ACTIONS = [
    ("pause", None, "pause", "2.1"), ("unpause", None, "unpause", "2.1"),
    ("suspend", None, "suspend", "2.1"), ("resume", None, "resume", "2.1"),
]
#: Answers other than 202.
ANSWERS = {}


def act(cloud, server, action, argument=None, **rest):
    return cloud.call("POST", f"/servers/{server}/action", {action: argument}, **rest)


def task_state(cloud, server):
    return cloud.get(f"/servers/{server}")["server"]["OS-EXT-STS:task_state"]


@pytest.fixture
def server(cloud):
    return cloud.make()


@pytest.mark.parametrize(("action", "argument", "name", "version"), ACTIONS, ids=str)
@pytest.mark.parametrize("vm_state", sorted(set(Vm) - {Vm.DELETED, Vm.BUILDING}))
def test_an_action_begins_only_where_the_table_allows_it(cloud, server, action, argument, name, version, vm_state):
    cloud.settle(server, vm_state=vm_state)
    answer = act(cloud, server, action, argument, version=version)
    if vm_state in OPERATIONS[name].allowed:
        assert answer.status_int == ANSWERS.get(action, 202), answer.text
        assert task_state(cloud, server) == OPERATIONS[name].task
    else:
        assert answer.status_int == 409
        assert answer.json["conflictingRequest"]["message"] == (
            f"Cannot '{action}' instance {server} while it is in vm_state {vm_state}")
        assert task_state(cloud, server) is None


@pytest.mark.parametrize(("action", "argument", "name", "version"), ACTIONS, ids=str)
def test_an_action_needs_a_server_that_is_idle_unlocked_and_ones_own(cloud, server, action, argument, name, version):
    cloud.settle(server, vm_state=sorted(OPERATIONS[name].allowed)[0], locked_by="owner")
    assert act(cloud, server, action, argument, version=version).json["conflictingRequest"]["message"] == (
        f"Instance {server} is locked")
    assert act(cloud, server, action, argument, version=version, user="bob").status_int == 404
    cloud.settle(server, locked_by=None)
    assert act(cloud, server, action, argument, version=version, user="carl").status_int == 404 or (
        act(cloud, server, action, argument, version=version, user="carl").status_int == 403)
    cloud.settle(server, task_state="spawning")
    answer = act(cloud, server, action, argument, version=version)
    if "spawning" in OPERATIONS[name].interrupts:
        assert answer.status_int == 202
    else:
        assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (
            409, f"Cannot '{action}' instance {server} while it is in task_state spawning")


@pytest.mark.parametrize(("vm_state", "status"), [("paused", "PAUSED"), ("suspended", "SUSPENDED")])
def test_each_state_has_its_status_and_is_found_by_it(cloud, server, vm_state, status):
    cloud.settle(server, vm_state=vm_state)
    assert cloud.get(f"/servers/{server}")["server"]["status"] == status
    assert cloud.names(f"?status={status}") == ["one"]
    assert cloud.names("?status=ACTIVE") == []
