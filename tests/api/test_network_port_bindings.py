"""Several bindings of one port: hosts that its traffic may move to."""

import pytest

from nova_lite import db
from nova_lite.common import clock
from nova_lite.db.models.networks import Port
from nova_lite.db.models.servers import ComputeNode, Service
from nova_lite.db.network import host_scopes
from tests.api.test_network_api import NOWHERE, refused
from tests.network_service import service  # noqa: F401

INACTIVE = {"status": "INACTIVE", "vif_type": "bridge", "vnic_type": "normal", "profile": {}, "vif_details": {}}
UNBOUND = INACTIVE | {"host": "", "status": "ACTIVE", "vif_type": "unbound"}


@pytest.fixture
def device_port(service):  # noqa: F811
    """One of a device, bound nowhere."""
    return service.make("port", network_id=service.net()[0]["id"], device_owner="compute:other")


def bindings(service, port, query=""):  # noqa: F811
    return service.find(f"/ports/{port['id']}/bindings{query}", "nova")


def bind(service, port, host, user="nova", **values):  # noqa: F811
    return service.call("POST", f"/ports/{port['id']}/bindings", {"binding": {"host": host, **values}}, user)


def test_a_port_gets_more_bindings(service, device_port):  # noqa: F811
    assert bindings(service, device_port) == [UNBOUND]
    made = bind(service, device_port, "h1", profile={"a": 1}, vnic_type="normal")
    assert (made.status_int, made.json) == (201, {"binding": INACTIVE | {"host": "h1", "profile": {"a": 1}}})
    assert bind(service, device_port, "h2").status_int == 201
    assert [each["host"] for each in bindings(service, device_port)] == ["", "h1", "h2"]
    assert service.find(f"/ports/{device_port['id']}/bindings/h1", "admin") == made.json["binding"]
    assert service.find(f"/ports/{device_port['id']}", "admin")["binding:host_id"] == ""
    refused(bind(service, device_port, "h1"), 409, "PortBindingAlreadyExists",
            f"Binding for port {device_port['id']} on host h1 already exists.")


def test_bindings_are_filtered_sorted_and_paged(service, device_port):  # noqa: F811
    for host in ("h1", "h2"):
        bind(service, device_port, host)
    for query, hosts in (("?status=INACTIVE", ["h1", "h2"]), ("?host=h2", ["h2"]), ("?vif_type=unbound", [""]),
                         ("?sort_key=host&sort_dir=desc", ["h2", "h1", ""]), ("?limit=1&marker=h1", ["h2"])):
        assert [each["host"] for each in bindings(service, device_port, query)] == hosts, query
    assert bindings(service, device_port, "?host=h1&fields=status") == [{"status": "INACTIVE"}]
    path = f"/ports/{device_port['id']}/bindings"
    page = service.call("GET", f"{path}?limit=1", user="admin").json["bindings_links"]
    assert page[0]["href"].endswith(f"{path}?limit=1&marker=")
    refused(service.call("GET", f"{path}?marker=h9", user="admin"), 404, "PortBindingNotFound", "h9")
    assert service.call("GET", f"{path}?bogus=1", user="admin").status_int == 400


def test_an_inactive_binding_becomes_the_active_one(service, device_port):  # noqa: F811
    bind(service, device_port, "h1", profile={"a": 1})
    bind(service, device_port, "h2")
    path = f"/ports/{device_port['id']}"
    before = service.find(path)["revision_number"]
    answer = service.call("PUT", f"{path}/bindings/h1/activate", user="nova")
    active = INACTIVE | {"host": "h1", "profile": {"a": 1}, "status": "ACTIVE"}
    assert (answer.status_int, answer.json) == (200, active)
    assert bindings(service, device_port) == [UNBOUND | {"status": "INACTIVE"}, active, INACTIVE | {"host": "h2"}]
    shown = service.find(path, "admin")
    assert (shown["binding:host_id"], shown["binding:profile"], shown["revision_number"]) == ("h1", {"a": 1},
                                                                                             before + 1)
    refused(service.call("PUT", f"{path}/bindings/h1/activate", user="nova"), 409, "PortBindingAlreadyActive",
            f"Binding for port {device_port['id']} on host h1 is already active.")
    assert service.call("PUT", f"{path}/bindings/h2/activate", user="nova").status_int == 200
    assert [(each["host"], each["status"], each["vif_type"]) for each in bindings(service, device_port)] == [
        ("", "INACTIVE", "unbound"), ("h1", "INACTIVE", "unbound"), ("h2", "ACTIVE", "bridge")]
    free = service.call("PUT", path, {"port": {"binding:host_id": ""}}, "admin")
    assert free.json["port"]["binding:vif_type"] == "unbound"
    assert [each["host"] for each in bindings(service, device_port)] == ["", "h1"]
    taken = service.call("PUT", path, {"port": {"binding:host_id": "h1"}}, "admin")
    assert taken.json["port"]["binding:vif_type"] == "bridge"
    assert bindings(service, device_port) == [active | {"profile": {}}]


def test_bindings_are_changed_and_deleted(service, device_port):  # noqa: F811
    bind(service, device_port, "h1")
    bind(service, device_port, "h2")
    path = f"/ports/{device_port['id']}/bindings"
    changed = service.call("PUT", f"{path}/h1", {"binding": {"host": "h3", "profile": {"b": 2}}}, "admin")
    assert changed.json["binding"] == INACTIVE | {"host": "h3", "profile": {"b": 2}}
    assert service.call("PUT", f"{path}/h3", {"binding": {"profile": None}}, "admin").json["binding"]["profile"] == {}
    refused(service.call("PUT", f"{path}/h3", {"binding": {"host": "h2"}}, "admin"), 409, "PortBindingAlreadyExists")
    assert service.call("DELETE", f"{path}/h3", user="nova").status_int == 204
    assert [each["host"] for each in bindings(service, device_port)] == ["", "h2"]
    service.call("PUT", f"{path}/h2/activate", user="nova")
    assert service.call("DELETE", f"{path}/h2", user="nova").status_int == 204
    assert bindings(service, device_port) == [UNBOUND]
    for method, rest, body in (("GET", "", None), ("PUT", "", {"binding": {}}), ("PUT", "/activate", None),
                               ("DELETE", "", None)):
        refused(service.call(method, f"{path}/h3{rest}", body, "admin" if method == "PUT" and not rest else "nova"),
                404, "PortBindingNotFound", f"Binding for port {device_port['id']} for host h3 could not be found.")
    assert service.call("DELETE", f"/ports/{device_port['id']}").status_int == 204


def test_what_is_no_binding_is_refused(service, device_port):  # noqa: F811
    for body in ({}, {"host": ""}, {"host": None}, {"host": "h", "vnic_type": "direct"}, {"host": "h", "profile": 1},
                 {"host": "h", "status": "ACTIVE"}, {"host": "h", "vif_type": "bridge"}):
        answer = service.call("POST", f"/ports/{device_port['id']}/bindings", {"binding": body}, "nova")
        assert answer.status_int == 400, body
    refused(bind(service, device_port, "h", profile={"a": "x" * 4095}), 400, "InvalidInput",
            "binding:profile value too large.")
    refused(service.call("POST", f"/ports/{NOWHERE}/bindings", {"binding": {"host": "h"}}, "nova"), 404,
            "PortNotFound")
    other = service.make("port", network_id=device_port["network_id"])
    message = f"Bad port request: Invalid port {other['id']}. Operation only valid on compute and shared filesystem " \
              f"ports."
    path = f"/ports/{other['id']}/bindings"
    for method, rest, body, user in (("GET", "", None, "nova"), ("POST", "", {"binding": {"host": "h"}}, "nova"),
                                     ("GET", "/h", None, "admin"), ("PUT", "/h", {"binding": {}}, "admin"),
                                     ("PUT", "/h/activate", None, "nova"), ("DELETE", "/h", None, "nova")):
        refused(service.call(method, path + rest, body, user), 400, "BadRequest", message)


def test_bindings_are_for_operators_and_services(service, device_port):  # noqa: F811
    bind(service, device_port, "h1")
    path = f"/ports/{device_port['id']}/bindings"
    for method, rest, body in (("GET", "", None), ("POST", "", {"binding": {"host": "h"}}), ("GET", "/h1", None),
                               ("PUT", "/h1", {"binding": {}}), ("PUT", "/h1/activate", None), ("DELETE", "/h1", None)):
        refused(service.call(method, path + rest, body), 404, "HTTPNotFound")
    for method, rest, body in (("POST", "", {"binding": {"host": "h"}}), ("PUT", "/h1/activate", None),
                               ("DELETE", "/h1", None)):
        refused(service.call(method, path + rest, body, "admin"), 403, "PolicyNotAuthorized")
    refused(service.call("PUT", f"{path}/h1", {"binding": {}}, "nova"), 403, "PolicyNotAuthorized",
            "update_port_binding")


def test_a_servers_port_is_also_on_hosts_that_it_may_move_to(service):  # noqa: F811
    with db.writer() as session:
        for host in ("host1", "host2"):
            session.add(Service(host=host, binary="nova-compute", topic="compute", last_seen_at=clock.now()))
            session.add(ComputeNode(host=host, hypervisor_hostname=host, hypervisor_type="fake", hypervisor_version=1,
                                    host_ip="10.0.0.1", vcpus=1, memory_mb=1, disk_gb=1))
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])
    service.boot([{"port": port["id"]}])

    def on_hosts():
        with db.reader() as session:
            return [host for _, host in host_scopes.bound(session, Port.__table__.c.id == port["id"])]

    path = f"/ports/{port['id']}/bindings"
    refused(bind(service, port, "nowhere"), 409, "PortBindingError", "could not be created or updated.")
    assert bind(service, port, "host2").json["binding"] == INACTIVE | {"host": "host2"}
    assert on_hosts() == ["host1", "host2"]
    reason = "port is already bound"
    refused(service.call("PUT", f"{path}/host2/activate", user="nova"), 409, "PortBound", reason)
    refused(service.call("DELETE", f"{path}/host1", user="nova"), 409, "PortBound", reason)
    refused(service.call("PUT", f"{path}/host1", {"binding": {"host": "host3"}}, "admin"), 409, "PortBound", reason)
    assert service.find(f"/ports/{port['id']}", "admin")["binding:host_id"] == "host1"
    changed = service.call("PUT", f"{path}/host1", {"binding": {"profile": {"a": 1}}}, "admin")
    assert changed.json["binding"]["profile"] == {"a": 1}
    assert service.call("DELETE", f"{path}/host2", user="nova").status_int == 204
    assert on_hosts() == ["host1"]


def test_a_server_takes_a_port_that_has_a_binding_on_its_host(service, device_port):  # noqa: F811
    bind(service, device_port, "host1")
    bind(service, device_port, "h2")
    free = service.call("PUT", f"/ports/{device_port['id']}", {"port": {"device_owner": "", "device_id": ""}})
    assert free.status_int == 200
    server, _ = service.boot([{"port": device_port["id"]}])
    assert [(each["host"], each["status"]) for each in bindings(service, device_port)] == [
        ("h2", "INACTIVE"), ("host1", "ACTIVE")]
    service.release(server)
    assert service.find(f"/ports/{device_port['id']}", "admin")["binding:host_id"] == ""
