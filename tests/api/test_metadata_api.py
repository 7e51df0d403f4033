"""The metadata service: the right documents to the right guest, and nothing to anybody else."""

import json
import types

import pytest
from webob import Request

from nova_lite.api.metadata import app
from nova_lite.common import metadata_caller
from nova_lite.network.planes.linux import metadata_proxy
from tests.api.test_proxies import routed  # noqa: F401 - a fixture
from tests.unit.test_instance_metadata import KEY, make_server

NET, IP = "net-1", "10.1.0.7"
SECRET = "s3cret"


class Servers:
    """The servers of the compute service: one server, with an address on one network."""

    def __init__(self):
        self.server = make_server()
        self.asked = 0
        self.left = None

    def password(self, server_id):
        return self.left if server_id == self.server.id else None

    def leave_password(self, server_id, text):
        if self.left:
            return False
        self.left = text
        return True

    def for_metadata(self, network_id, ip):
        self.asked += 1
        return self.server if (network_id, ip) == (NET, IP) else None

    def for_metadata_id(self, server_id, project_id):
        return self.server if (server_id, project_id) == (self.server.id, "p") else None


class Guest:
    def __init__(self, servers):
        self.servers = servers
        self.app = app.build(types.SimpleNamespace(compute=types.SimpleNamespace(guests=servers)))

    def get(self, path, *, network=NET, ip=IP, method="GET", body=b""):
        """As the proxy of the same process passes it on."""
        req = Request.blank(path, method=method, body=body, environ={metadata_caller.NETWORK_ID: network,
                                                                     metadata_caller.ADDRESS: ip})
        return req.get_response(self.app)

    def from_outside(self, path="/openstack/latest/meta_data.json", method="GET", body=b"", **headers):
        req = Request.blank(path, method=method, body=body or b"")
        req.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return req.get_response(self.app)


@pytest.fixture
def guest(conf):
    return Guest(Servers())


def test_openstack_paths_lead_from_versions_to_documents(guest):
    versions = guest.get("/openstack").text.split("\n")
    assert versions[0] == "2012-08-10" and versions[-1] == "latest"
    assert guest.get("/openstack/").text.split("\n") == versions
    assert guest.get("/openstack/latest/").text.split("\n") == [
        "meta_data.json", "user_data", "password", "vendor_data.json", "network_data.json", "vendor_data2.json"]
    answer = guest.get("/openstack/latest/meta_data.json")
    assert answer.json["uuid"] == guest.servers.server.id and answer.content_type == "application/json"
    assert guest.get("//openstack//2018-08-27/network_data.json").json["links"]
    assert guest.get("/openstack/latest/user_data").body == b"#!/bin/sh\n\xff"


@pytest.mark.parametrize(("path", "text"), [
    ("/latest/", "meta-data/\nuser-data"), ("/latest/meta-data/instance-id", "i-0000002a"),
    ("/2009-04-04/meta-data/local-ipv4", IP), ("/1.0/meta-data/hostname", "my-vm.novalocal"),
    ("/latest/meta-data/public-keys/", "0=me"), ("/latest/meta-data/public-keys/0/", "openssh-key"),
    ("/latest/meta-data/public-keys/0/openssh-key", KEY), ("/latest/meta-data/placement/", "availability-zone"),
    ("/latest/meta-data/placement/availability-zone", "nova"), ("/latest/meta-data/ami-launch-index", "3"),
    ("/latest/meta-data/block-device-mapping/root", "/dev/vda")])
def test_ec2_metadata_paths_return_text(guest, path, text):
    answer = guest.get(path)
    assert (answer.status_int, answer.text) == (200, text)


def test_a_floating_ip_is_the_public_address_of_a_guest(cloud, routed, conf):  # noqa: F811
    conf.set_override("cache_seconds", 0, "metadata")
    server, address = routed
    network, = cloud.get(f"/servers/{server}/os-interface")["interfaceAttachments"]
    guest = Guest(cloud.compute.guests)

    def public():
        return guest.get("/latest/meta-data/public-ipv4", network=network["net_id"], ip=address).text
    assert public() == ""
    ip = cloud.call("POST", "/os-floating-ips", {"pool": "public"}).json["floating_ip"]["ip"]
    for action, shown in (("addFloatingIp", ip), ("removeFloatingIp", "")):
        assert cloud.call("POST", f"/servers/{server}/action", {action: {"address": ip}}).status_int == 202
        assert public() == shown


def test_ec2_lists_end_in_a_slash_where_more_is_below(guest):
    assert guest.get("/").text.split("\n")[-2:] == ["2009-04-04", "latest"]
    listed = guest.get("/latest/meta-data/").text.split("\n")
    assert {"ami-id", "placement/", "public-keys/", "block-device-mapping/"} <= set(listed)
    assert guest.get("/latest/user-data").body == b"#!/bin/sh\n\xff"


@pytest.mark.parametrize("path", [
    "/nothing", "/openstack/1999-01-01", "/openstack/latest/nothing", "/openstack/latest/meta_data.json/x",
    "/latest/meta-data/nothing", "/latest/meta-data/hostname/x", "/latest/meta-data/public-keys/0/_name", "/latest/x",
    "/openstack/../etc", "/openstack/2012-08-10/password"])
def test_an_unknown_metadata_path_is_404(guest, path):
    assert guest.get(path).status_int == 404


def test_metadata_can_only_be_read(guest):
    assert guest.get("/openstack/latest/meta_data.json", method="POST").status_int == 405
    head = guest.get("/openstack/latest/meta_data.json", method="HEAD")
    assert head.status_int == 200 and head.body == b"" and head.content_length > 100


PASSWORD = "/openstack/latest/password"


def test_a_guest_leaves_its_password_once(guest):
    assert guest.get(PASSWORD).status_int == 200 and guest.get(PASSWORD).body == b""
    assert guest.get(PASSWORD, method="POST", body=b"sealed").status_int == 200
    assert guest.get(PASSWORD).text == guest.get("/openstack/2013-04-04/password").text == "sealed"
    assert guest.get(PASSWORD, method="POST", body=b"another").status_int == 409
    assert guest.servers.left == "sealed"


@pytest.mark.parametrize(("body", "path", "status"), [
    (b"x" * 1021, PASSWORD, 400), (b"\xff\xfe", PASSWORD, 400), (b"a\0b", PASSWORD, 400),
    (b"sealed", "/openstack/2012-08-10/password", 405), (b"sealed", "/latest/password", 405)])
def test_a_password_that_cannot_be_kept_is_refused(guest, body, path, status):
    assert guest.get(path, method="POST", body=body).status_int == status
    assert guest.servers.left is None


def test_a_password_posted_from_another_address_is_404(guest):
    assert guest.get(PASSWORD, method="POST", body=b"sealed", ip="10.1.0.8").status_int == 404
    assert guest.servers.left is None


def test_metadata_of_another_address_or_network_is_404(guest):
    assert guest.get("/openstack/latest/meta_data.json", ip="10.1.0.8").status_int == 404
    assert guest.get("/openstack/latest/meta_data.json", network="net-2").status_int == 404
    assert guest.get("/", ip="10.1.0.8").status_int == 404


def test_metadata_requests_from_outside_without_a_signature_are_404(guest, conf):
    claims = {metadata_caller.NETWORK_HEADER: NET, metadata_caller.ADDRESS_HEADER: IP, "X-Forwarded-For": IP,
              "X-Instance-ID": guest.servers.server.id, "X-Tenant-ID": "p"}
    assert guest.from_outside(**claims).status_int == 404
    empty = metadata_caller.sign("", f"{NET} {IP}")
    assert guest.from_outside(**claims, **{metadata_caller.SIGNATURE_HEADER: empty}).status_int == 404
    conf.set_override("shared_secret", SECRET, "metadata")
    assert guest.from_outside(**claims).status_int == 404
    for forged in ("", "x", "\xff", metadata_caller.sign("wrong", f"{NET} {IP}"), metadata_caller.sign(SECRET, NET)):
        answer = guest.from_outside(**claims, **{metadata_caller.SIGNATURE_HEADER: forged,
                                                 "X-Instance-ID-Signature": forged})
        assert answer.status_int == 404
    assert guest.servers.asked == 0


def test_a_hosts_signature_is_of_one_guest_only(guest, conf):
    conf.set_override("shared_secret", SECRET, "metadata")
    signed = metadata_caller.headers(SECRET, NET, IP)
    assert guest.from_outside(**signed).json["name"] == "My VM"
    assert guest.from_outside(**signed | {metadata_caller.ADDRESS_HEADER: "10.1.0.8"}).status_int == 404


def test_requests_signed_by_neutrons_metadata_agent_are_answered(guest, conf):
    conf.set_override("shared_secret", SECRET, "metadata")
    server_id = guest.servers.server.id
    signed = {"X-Instance-ID": server_id, "X-Tenant-ID": "p",
              "X-Instance-ID-Signature": metadata_caller.sign(SECRET, server_id)}
    assert guest.from_outside(**signed).json["uuid"] == server_id
    assert guest.from_outside(**signed | {"X-Tenant-ID": "other"}).status_int == 404
    assert guest.from_outside(**signed | {"X-Instance-ID": "other"}).status_int == 404


def test_repeated_metadata_requests_of_a_guest_read_the_database_once(guest, conf):
    for _ in range(12):
        guest.get("/latest/meta-data/")
    assert guest.servers.asked == 1
    conf.set_override("cache_seconds", 0, "metadata")
    fresh = Guest(guest.servers)
    fresh.get("/latest/")
    fresh.get("/latest/")
    assert guest.servers.asked == 3


def test_a_host_passes_questions_on_with_its_signature(guest, conf):
    """The Forwarder against the application itself, with WebOb in the place of the wire."""
    conf.set_override("shared_secret", SECRET, "metadata")
    forwarder = metadata_proxy.Forwarder("http://service:8775/prefix", SECRET, 5)

    class Connection:
        def request(self, method, path, body, headers):
            assert path.startswith("/prefix/")
            self.answer = guest.from_outside(path.removeprefix("/prefix"), method, body, **headers)

        def getresponse(self):
            made = self.answer
            return types.SimpleNamespace(status=made.status_int, reason="OK", read=lambda _: made.body,
                                         headers=dict(made.headers))

        def close(self):
            pass
    forwarder._connect = Connection
    asked = Request.blank("/openstack/latest/meta_data.json", environ={metadata_caller.NETWORK_ID: NET,
                                                                       metadata_caller.ADDRESS: IP})
    answer = asked.get_response(forwarder)
    assert json.loads(answer.body)["name"] == "My VM" and answer.content_type == "application/json"

    posted = Request.blank("/openstack/latest/password", method="POST", body=b"sealed",
                         environ={metadata_caller.NETWORK_ID: NET, metadata_caller.ADDRESS: IP})
    assert posted.get_response(forwarder).status_int == 200 and guest.servers.left == "sealed"
    posted.body = b"x" * 5000
    assert posted.get_response(forwarder).status_int == 400

    refused = metadata_proxy.Forwarder("http://127.0.0.1:9", SECRET, 1)
    assert asked.get_response(refused).status_int == 503


def test_injected_files_are_read_below_content_which_is_not_listed(guest):
    guest.servers.server = make_server(injected_files=[{"path": "/etc/motd", "contents": "aGk="}])
    meta = json.loads(guest.get("/openstack/latest/meta_data.json").body)
    assert meta["files"] == [{"path": "/etc/motd", "content_path": "/content/0000"}]
    assert guest.get("/openstack/content/0000").body == b"hi"
    assert [guest.get(f"/openstack/content{rest}").status_int for rest in ("", "/", "/0001", "/0000/x")] == [404] * 4
