"""Changes of the network API's resources: preconditions, revisions, and ports that a server has."""

import pytest

from nova_lite.objects.states import Vm
from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401


def paths(service):  # noqa: F811
    """{kind: (path of one, a change of it)}; what cannot be changed has None."""
    network, subnet = service.net()
    port = service.make("port", network_id=network["id"])
    group = service.make("security_group", name="web")
    rule = group["security_group_rules"][0]
    return {"port": (f"/ports/{port['id']}", {"port": {"name": "x"}}),
            "subnet": (f"/subnets/{subnet['id']}", {"subnet": {"name": "x"}}),
            "network": (f"/networks/{network['id']}", {"network": {"name": "x"}}),
            "security_group_rule": (f"/security-group-rules/{rule['id']}", None),
            "security_group": (f"/security-groups/{group['id']}", {"security_group": {"name": "x"}})}


def test_a_stale_revision_in_if_match_refuses_changes_and_deletes(service):  # noqa: F811
    for name, (path, change) in paths(service).items():
        before = service.find(path)
        stale = f"revision_number={before['revision_number'] + 1}"
        for method, body in (("PUT", change), ("DELETE", None)) if change else (("DELETE", None),):
            refused(service.call(method, path, body, If_Match=stale), 412, "RevisionNumberConstraintFailed",
                    f"current revision is {before['revision_number']}")
        if name != "security_group_rule":
            refused(service.call("PUT", f"{path}/tags", {"tags": ["a"]}, If_Match=stale), 412,
                    "RevisionNumberConstraintFailed")
        assert service.find(path) == before
        now = before["revision_number"]
        if change:
            answer = service.call("PUT", path, change, If_Match=f'"revision_number={now}"')
            assert answer.json[name]["revision_number"] == now + 1
            now += 1
        assert service.call("DELETE", path, If_Match=f"revision_number={now}").status_int == 204, name


def test_a_stale_revision_of_the_parent_in_if_match_refuses_creations(service):  # noqa: F811
    network, _ = service.net()
    group = service.make("security_group", name="web")
    made = {"/subnets": {"subnet": {"network_id": network["id"], "ip_version": 4, "cidr": "10.9.0.0/24"}},
            "/ports": {"port": {"network_id": network["id"]}},
            "/security-group-rules": {"security_group_rule": {"security_group_id": group["id"], "direction": "egress",
                                                              "protocol": "tcp"}}}
    for path, body in made.items():
        refused(service.call("POST", path, body, If_Match="revision_number=99"), 412, "RevisionNumberConstraintFailed")
    now = service.find(f"/networks/{network['id']}")["revision_number"]
    assert service.call("POST", "/subnets", made["/subnets"], If_Match=f"revision_number={now}").status_int == 201
    for path, name in (("/networks", "network"), ("/security-groups", "security_group")):
        answer = service.call("POST", path, {name: {"name": "x"}}, If_Match="revision_number=1")
        refused(answer, 400, "HTTPBadRequest", "there already")


@pytest.mark.parametrize(("header", "status"), [
    ("revision_number=x", 400), ("revision_number=1, revision_number=2", 400), ('"abc"', 412), ("*", 200), ("", 200)])
def test_a_precondition_is_never_dropped(service, header, status):  # noqa: F811
    network = service.make("network")
    answer = service.call("PUT", f"/networks/{network['id']}", {"network": {"name": "x"}}, If_Match=header)
    assert answer.status_int == status, answer.text


def test_a_childs_change_raises_its_parents_revision(service):  # noqa: F811
    def revision(path):
        return service.find(path)["revision_number"]

    network = service.make("network")
    path = f"/networks/{network['id']}"
    subnet = service.make("subnet", network_id=network["id"], cidr="10.1.0.0/24", ip_version=4)
    assert revision(path) == 2
    service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": {"name": "x"}})
    assert revision(path) == 3
    port = service.make("port", network_id=network["id"], fixed_ips=[])
    assert revision(path) == 3
    for number, body in enumerate(({"fixed_ips": [{"subnet_id": subnet["id"]}]}, {"security_groups": []}), 2):
        assert service.call("PUT", f"/ports/{port['id']}", {"port": body}).json["port"]["revision_number"] == number
    service.call("DELETE", f"/ports/{port['id']}")
    service.call("DELETE", f"/subnets/{subnet['id']}")
    assert revision(path) == 4
    group = service.make("security_group", name="web")
    path = f"/security-groups/{group['id']}"
    rule = service.make("security_group_rule", security_group_id=group["id"], direction="ingress")
    assert revision(path) == group["revision_number"] + 1
    service.call("DELETE", f"/security-group-rules/{rule['id']}")
    assert revision(path) == group["revision_number"] + 2
    service.call("PUT", f"{path}/tags/a")
    assert revision(path) == group["revision_number"] + 3


def test_an_update_with_the_present_values_changes_nothing(service):  # noqa: F811
    for name, (path, _) in paths(service).items():
        before = service.find(path)
        said = {"name", "description", "mtu", "dns_nameservers", "gateway_ip", "allocation_pools", "fixed_ips",
                "security_groups", "device_id"} & before.keys()
        if name == "security_group_rule":
            continue
        answer = service.call("PUT", path, {name: {each: before[each] for each in said}})
        assert answer.json[name] == before
        service.call("PUT", f"{path}/tags", {"tags": []})
        assert service.find(path) == before


# ---- ports of servers

@pytest.fixture
def bound(service):  # noqa: F811
    """(server id, a port that its user made) on host1."""
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.50"}])
    server_id, _ = service.boot([{"port": port["id"]}])
    service.end(server_id)
    return server_id, service.find(f"/ports/{port['id']}")


def test_a_servers_port_accepts_an_update_with_its_present_values(service, bound):  # noqa: F811
    server_id, port = bound
    fixed, = port["fixed_ips"]
    for said in ({"fixed_ips": [{"ip_address": "10.1.0.50"}]}, {"fixed_ips": [{"subnet_id": fixed["subnet_id"]}]},
                 {"fixed_ips": [fixed]}, {"device_id": server_id, "device_owner": "compute:nova"},
                 {"mac_address": port["mac_address"]}, {"security_groups": port["security_groups"]}):
        answer = service.call("PUT", f"/ports/{port['id']}", {"port": said})
        assert answer.status_int == 200 and answer.json["port"] == port, (said, answer.text)
    assert service.hosts.mock_calls == []


def test_a_servers_port_gets_and_loses_addresses_and_its_host_is_notified(service, bound):  # noqa: F811
    server_id, port = bound
    path, fixed = f"/ports/{port['id']}", port["fixed_ips"]
    more = service.call("PUT", path, {"port": {"fixed_ips": [*fixed, {"ip_address": "10.1.0.60"}]}}).json["port"]
    assert [each["ip_address"] for each in more["fixed_ips"]] == ["10.1.0.50", "10.1.0.60"]
    assert [each["addr"] for each in service.row(server_id).addresses] == ["10.1.0.50", "10.1.0.60"]
    assert [name for name, _, _ in service.hosts.mock_calls] == ["add_fixed_ip"]
    service.end(server_id)
    less = service.call("PUT", path, {"port": {"fixed_ips": [{"ip_address": "10.1.0.60"}]}}).json["port"]
    assert [each["ip_address"] for each in less["fixed_ips"]] == ["10.1.0.60"]
    assert [name for name, _, _ in service.hosts.mock_calls] == ["add_fixed_ip", "remove_fixed_ip"]
    service.end(server_id, task_state="rebooting")
    refused(service.call("PUT", path, {"port": {"fixed_ips": fixed}}), 409, "InvalidState", server_id)
    assert service.find(path)["fixed_ips"] == less["fixed_ips"]
    for said in ({"mac_address": "fa:16:3e:00:00:01"}, {"binding:host_id": "elsewhere"}, {"device_id": ""}):
        refused(service.call("PUT", path, {"port": said}, "admin"), 409, "PortBound", server_id)


def test_a_servers_port_is_deleted_with_its_nic(service, bound):  # noqa: F811
    server_id, port = bound
    path = f"/ports/{port['id']}"
    refused(service.call("DELETE", path, If_Match="revision_number=99"), 412, "RevisionNumberConstraintFailed")
    assert service.call("DELETE", path).status_int == 204
    (name, (_, host, _), _), = service.hosts.mock_calls
    assert (name, host) == ("detach_interface", "host1")
    assert service.row(server_id).task_state == "detaching_interface"
    service.end(server_id)
    service.release(server_id)              # what the conductor does when the host has let go
    assert service.call("GET", path).status_int == 404


def test_a_port_of_a_server_that_is_on_no_host_is_deleted_at_once(service, bound):  # noqa: F811
    server_id, port = bound
    service.end(server_id, host=None, vm_state=Vm.SHELVED_OFFLOADED)
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    assert service.call("GET", f"/ports/{port['id']}").status_int == 404
    assert service.row(server_id).addresses == [] and service.hosts.mock_calls == []


def test_a_servers_port_stays_where_nothing_can_be_detached(service, bound):  # noqa: F811
    server_id, port = bound
    service.end(server_id, vm_state=Vm.ERROR)
    refused(service.call("DELETE", f"/ports/{port['id']}"), 409, "InvalidState", server_id)
    assert service.find(f"/ports/{port['id']}") == port
