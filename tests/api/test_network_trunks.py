"""Trunks: a parent port, and sub-ports that it carries in VLANs."""

import pytest

from nova_lite.network.planes.capabilities import PLANES, Capability
from tests.api.test_network_api import NOWHERE, refused
from tests.network_service import context, service  # noqa: F401

ADD, REMOVE = "add_subports", "remove_subports"


@pytest.fixture
def network(service):  # noqa: F811
    return service.net()[0]


@pytest.fixture
def port(service, network):  # noqa: F811
    """``port(**values)`` makes one."""
    return lambda **values: service.make("port", network_id=network["id"], **values)


def sub(port, number=2, **values):  # noqa: F811
    return {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": number, **values}


def put(service, trunk, what, *subports, user="alice"):  # noqa: F811
    return service.call("PUT", f"/trunks/{trunk['id']}/{what}", {"sub_ports": list(subports)}, user)


def shown(service, port):  # noqa: F811
    return service.find(f"/ports/{port['id']}", "admin")


def test_a_trunk_is_made_shown_changed_and_deleted(service, port):  # noqa: F811
    parent, one, two = port(), port(), port()
    made = service.make("trunk", name="t", port_id=parent["id"], sub_ports=[sub(two, "7"), sub(one)], tags=["a"])
    rest = {name: made.pop(name) for name in ("id", "created_at", "updated_at")}
    assert made == {
        "name": "t", "description": "", "project_id": "pa", "tenant_id": "pa", "port_id": parent["id"],
        "admin_state_up": True, "status": "DOWN", "revision_number": 1, "tags": ["a"],
        "sub_ports": [sub(one), sub(two, 7)]}
    made |= rest
    path = f"/trunks/{made['id']}"
    assert service.find(path) == made and service.find(f"/trunks?port_id={parent['id']}") == [made]
    assert service.find(f"{path}/get_subports") == made["sub_ports"]
    values = {"name": "n", "description": "d", "admin_state_up": False}
    changed = service.call("PUT", path, {"trunk": values}).json["trunk"]
    assert {name: changed[name] for name in values} == values and changed["revision_number"] == 2
    refused(service.call("DELETE", path), 409, "TrunkDisabled", f"Trunk {made['id']} is currently disabled.")
    assert service.call("PUT", path, {"trunk": {"admin_state_up": True}}).status_int == 200
    assert shown(service, one)["device_owner"] == "trunk:subport"
    assert service.call("DELETE", path).status_int == 204
    assert shown(service, one)["device_owner"] == ""
    refused(service.call("GET", path), 404, "TrunkNotFound", f"Trunk {made['id']} could not be found.")
    for each in (parent, one, two):
        assert service.call("DELETE", f"/ports/{each['id']}").status_int == 204


def test_subports_come_and_go(service, port):  # noqa: F811
    parent, one, two = port(), port(), port()
    trunk = service.make("trunk", port_id=parent["id"])
    assert trunk["sub_ports"] == []
    answer = put(service, trunk, ADD, sub(one, 5), sub(two, 4))
    assert answer.status_int == 200
    assert answer.json["sub_ports"] == [sub(two, 4), sub(one, 5)] and answer.json["revision_number"] == 2
    assert answer.json == service.find(f"/trunks/{trunk['id']}")
    answer = put(service, trunk, REMOVE, {"port_id": one["id"]})
    assert (answer.status_int, answer.json["sub_ports"]) == (200, [sub(two, 4)])
    assert (shown(service, one)["device_owner"], shown(service, two)["device_owner"]) == ("", "trunk:subport")
    refused(put(service, trunk, REMOVE, sub(one)), 404, "SubPortNotFound",
            f"SubPort {one['id']} on trunk {trunk['id']} could not be found.")
    refused(service.call("PUT", f"/trunks/{trunk['id']}/{ADD}", {"sub_ports": []}, If_Match="revision_number=1"), 412,
            "RevisionNumberConstraintFailed")


def test_the_parent_shows_its_trunk(service, port):  # noqa: F811
    parent, one = port(), port()
    assert "trunk_details" not in service.find(f"/ports/{parent['id']}")
    trunk = service.make("trunk", port_id=parent["id"])
    assert service.find(f"/ports/{parent['id']}")["trunk_details"] == {"trunk_id": trunk["id"], "sub_ports": []}
    put(service, trunk, ADD, sub(one))
    details = {"trunk_id": trunk["id"], "sub_ports": [sub(one, mac_address=one["mac_address"])]}
    found = {each["id"]: each.get("trunk_details") for each in service.find("/ports")}
    assert found == {parent["id"]: details, one["id"]: None}


@pytest.mark.parametrize(("subports", "words"), [
    ([{"segmentation_type": "vlan"}], "missing segmentation information"),
    ([{"segmentation_id": 3}], "missing segmentation information"),
    ([{}], "missing segmentation information"),
    ([{"segmentation_type": "vlan", "segmentation_id": "x"}], "segmentation_id 'x' is not an integer."),
    ([{"segmentation_type": "vlan", "segmentation_id": 0}], "Segmentation ID '0' is not in range."),
    ([{"segmentation_type": "vlan", "segmentation_id": 4095}], "Segmentation ID '4095' is not in range."),
    ([{"segmentation_type": "gre", "segmentation_id": 3}], "Unknown segmentation_type 'gre'."),
    ([{"segmentation_type": "inherit"}], "Cannot accept segmentation type inherit."),
    ([{"segmentation_type": "vlan", "segmentation_id": 3}] * 2, "Non unique UUID for subport")])
def test_what_is_no_subport_is_refused(service, port, subports, words):  # noqa: F811
    parent, one = port(), port()
    said = [{"port_id": one["id"], **each} for each in subports]
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": parent["id"], "sub_ports": said}}), 400,
            "InvalidInput", words)
    assert service.find("/trunks") == []
    refused(put(service, service.make("trunk", port_id=parent["id"]), ADD, *said), 400, "InvalidInput", words)
    assert shown(service, one)["device_owner"] == ""


def test_a_body_of_another_shape_is_refused(service, port):  # noqa: F811
    parent = port()
    trunk = service.make("trunk", port_id=parent["id"])
    for body in ({}, {"sub_ports": None}, {"sub_ports": sub(parent)}, {"sub_ports": ["x"]},
                 {"sub_ports": [{"segmentation_type": "vlan", "segmentation_id": 2}]},
                 {"sub_ports": [{"port_id": "x"}]}, {"sub_ports": [], "more": 1}):
        for what in (ADD, REMOVE):
            assert service.call("PUT", f"/trunks/{trunk['id']}/{what}", body).status_int == 400, body
    for body in ({}, {"port_id": None}, {"port_id": "x"}, {"port_id": parent["id"], "status": "ACTIVE"},
                 {"port_id": parent["id"], "sub_ports": None}):
        assert service.call("POST", "/trunks", {"trunk": body}).status_int == 400, body
    for body in ({"port_id": parent["id"]}, {"sub_ports": []}):
        assert service.call("PUT", f"/trunks/{trunk['id']}", {"trunk": body}).status_int == 400, body


def test_a_port_is_of_one_trunk(service, port):  # noqa: F811
    parent, one, two, other = port(), port(), port(), port()
    trunk = service.make("trunk", port_id=parent["id"], sub_ports=[sub(one)])
    second = service.make("trunk", port_id=other["id"])
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": parent["id"]}}), 409, "ParentPortInUse",
            f"Port {parent['id']} is currently in use and is not eligible for use as a parent port.")
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": one["id"]}}), 409, "TrunkPortInUse",
            f"Port {one['id']} is in use by another trunk.")
    refused(put(service, second, ADD, sub(one)), 409, "TrunkPortInUse")
    refused(put(service, second, ADD, sub(parent)), 409, "ParentPortInUse")
    refused(put(service, second, ADD, sub(other)), 409, "ParentPortInUse")
    refused(put(service, trunk, ADD, sub(two)), 409, "DuplicateSubPort",
            f"segmentation_type vlan and segmentation_id 2 already in use on trunk {trunk['id']}.")
    assert put(service, second, ADD, sub(two)).status_int == 200
    used = port(device_id="some", device_owner="baremetal:x")
    refused(put(service, second, ADD, sub(used, 3)), 409, "PortInUse", "device some")
    for what in (ADD, REMOVE):
        refused(put(service, {"id": NOWHERE}, what, sub(used)), 404, "TrunkNotFound")
    refused(put(service, trunk, ADD, sub({"id": NOWHERE}, 9)), 404, "PortNotFound")
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": NOWHERE}}), 404, "PortNotFound")


def test_a_disabled_trunk_does_not_change(service, port):  # noqa: F811
    parent, one = port(), port()
    trunk = service.make("trunk", port_id=parent["id"], admin_state_up=False, sub_ports=[sub(one)])
    for answer in (put(service, trunk, ADD, sub(port(), 3)), put(service, trunk, REMOVE, sub(one)),
                   service.call("DELETE", f"/trunks/{trunk['id']}")):
        refused(answer, 409, "TrunkDisabled", f"Trunk {trunk['id']} is currently disabled.")


def test_subports_have_no_larger_packets_than_the_parent(service, port):  # noqa: F811
    large = service.make("network", name="large", mtu=1500)
    small = service.make("network", name="small", mtu=1400)
    on_large, on_small = (service.make("port", network_id=each["id"]) for each in (large, small))
    trunk = service.make("trunk", port_id=on_small["id"])
    refused(put(service, trunk, ADD, sub(on_large)), 409, "SubPortMtuGreaterThanTrunkPortMtu",
            f"MTU 1500 of subport {on_large['id']} cannot be greater than MTU 1400 of trunk {on_small['id']}.")
    assert service.call("DELETE", f"/trunks/{trunk['id']}").status_int == 204
    service.make("trunk", port_id=on_large["id"], sub_ports=[sub(on_small)])


def test_ports_of_trunks_are_not_deleted(service, port):  # noqa: F811
    parent, one = port(), port()
    trunk = service.make("trunk", port_id=parent["id"], sub_ports=[sub(one)])
    refused(service.call("DELETE", f"/ports/{parent['id']}"), 409, "PortInUseAsTrunkParent",
            f"Port {parent['id']} is currently a parent port for trunk {trunk['id']}.")
    refused(service.call("DELETE", f"/ports/{one['id']}"), 409, "PortInUseAsSubPort",
            f"Port {one['id']} is currently a subport for trunk {trunk['id']}.")
    refused(service.call("DELETE", f"/networks/{parent['network_id']}"), 409, "NetworkInUse")


def test_a_subport_is_bound_as_its_parent_is(service, port):  # noqa: F811
    parent, one = port(), port()
    trunk = service.make("trunk", port_id=parent["id"], sub_ports=[sub(one)])
    _, nics = service.boot([{"port": parent["id"]}])

    def state():
        found = [shown(service, each) for each in (parent, one)]
        return {(each["binding:host_id"], each["binding:vif_type"], each["status"]) for each in found}

    assert state() == {("host1", "bridge", "DOWN")}
    assert service.find(f"/trunks/{trunk['id']}")["status"] == "DOWN"
    service.works(*nics)
    assert state() == {("host1", "bridge", "ACTIVE")}
    assert service.find(f"/trunks/{trunk['id']}")["status"] == "ACTIVE"
    assert [each["id"] for each in service.find("/ports?binding:host_id=host1&status=ACTIVE", "admin")] == sorted(
        (parent["id"], one["id"]))
    assert service.find("/trunks?status=DOWN") == [] and len(service.find("/trunks?status=active")) == 1
    off = service.call("PUT", f"/ports/{parent['id']}", {"port": {"admin_state_up": False}})
    assert off.status_int == 200 and state() == {("host1", "bridge", "DOWN")}
    refused(service.call("PUT", f"/ports/{one['id']}", {"port": {"binding:host_id": "h2"}}, "admin"), 409,
            "PortInUseAsSubPort")
    put(service, trunk, REMOVE, sub(one))
    free = shown(service, one)
    assert (free["binding:host_id"], free["binding:vif_type"], free["status"]) == ("", "unbound", "DOWN")


def test_a_server_takes_no_subport(service, port):  # noqa: F811
    parent, one = port(), port()
    requested = service.facade.validate(context(), [{"port": one["id"]}], 1, [])
    service.make("trunk", port_id=parent["id"], sub_ports=[sub(one)])
    with pytest.raises(Exception, match=f"Port {one['id']} is still in use."):
        service.facade.validate(context(), [{"port": one["id"]}], 1, [])
    with pytest.raises(Exception, match=f"Port {one['id']} is still in use."):
        service.allocate(service.server(requested))
    server, _ = service.boot([{"port": parent["id"]}])
    refused(service.call("DELETE", f"/ports/{parent['id']}"), 409, "PortInUseAsTrunkParent")
    service.release(server)
    assert service.find("/trunks")[0]["port_id"] == parent["id"]


def test_a_trunk_goes_with_a_port_that_was_made_for_its_server(service, network, port):  # noqa: F811
    server, [nic] = service.boot([{"uuid": network["id"]}])
    one = port()
    service.make("trunk", port_id=nic.port_id, sub_ports=[sub(one)])
    refused(put(service, service.find("/trunks")[0], ADD, sub({"id": nic.port_id}, 3)), 409, "ParentPortInUse")
    other = service.make("trunk", port_id=port()["id"])
    _, [second] = service.boot([{"uuid": network["id"]}])
    refused(put(service, other, ADD, sub({"id": second.port_id}, 3)), 409, "PortInUse")
    service.release(server)
    assert [each["id"] for each in service.find("/trunks")] == [other["id"]]
    assert shown(service, one)["device_owner"] == ""
    assert service.call("DELETE", f"/ports/{one['id']}").status_int == 204


def test_trunks_are_their_projects_own(service, port):  # noqa: F811
    parent = port()
    trunk = service.make("trunk", port_id=parent["id"])
    path = f"/trunks/{trunk['id']}"
    assert service.find("/trunks", "bob") == [] and len(service.find("/trunks", "carl")) == 1
    for method, rest, body in (("GET", "", None), ("PUT", "", {"trunk": {"name": "n"}}), ("DELETE", "", None),
                               ("GET", "/get_subports", None), ("PUT", f"/{ADD}", {"sub_ports": []}),
                               ("PUT", f"/{REMOVE}", {"sub_ports": []})):
        refused(service.call(method, path + rest, body, "bob"), 404, "TrunkNotFound")
        if method != "GET":
            refused(service.call(method, path + rest, body, "carl"), 403, "PolicyNotAuthorized")
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": parent["id"]}}, "bob"), 404, "PortNotFound")


def test_trunks_have_a_quota(service, port):  # noqa: F811
    assert service.find("/quotas/pa/default", "admin")["trunk"] == -1
    assert service.call("PUT", "/quotas/pa", {"quota": {"trunk": 1}}, "admin").status_int == 200
    service.make("trunk", port_id=port()["id"])
    refused(service.call("POST", "/trunks", {"trunk": {"port_id": port()["id"]}}), 409, "OverQuota", "['trunk']")
    assert service.find("/quotas/pa/details", "admin")["trunk"] == {"limit": 1, "used": 1, "reserved": 0}


@pytest.fixture
def linux(conf, request):
    conf.set_override("plane", "linux", "network")
    return request.getfixturevalue("service")


def test_a_plane_without_trunks_serves_none(linux):
    assert Capability.TRUNKS not in PLANES["linux"]
    for method, path, body in (("GET", "/trunks", None), ("POST", "/trunks", {"trunk": {"port_id": NOWHERE}}),
                               ("GET", "/trunks/x", None), ("PUT", "/trunks/x/add_subports", {"sub_ports": []}),
                               ("GET", "/trunks/x/tags", None)):
        refused(linux.call(method, path, body), 404, "HTTPNotFound", "The resource could not be found.")
    assert not {"trunk", "trunk-details"} & {each["alias"] for each in linux.find("/extensions")}
    assert "trunk" not in {each["name"] for each in linux.find("/")}
