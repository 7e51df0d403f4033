"""POST /servers: what is kept, what is answered, what is refused."""

import base64

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.compute.actions.build_request import CreateRequest
from nova_lite.db.models.servers import Server
from tests.compute_service import DRAFT, IMAGE, NOWHERE


def row(server_id):
    with db.reader() as session:
        return session.execute(sa.select(Server.__table__).where(Server.id == server_id)).one()


def count():
    with db.reader() as session:
        return session.execute(sa.select(sa.func.count()).select_from(Server)).scalar_one()


def test_a_create_answers_where_the_server_is_and_its_password_once(cloud):
    answer = cloud.create()
    server = answer.json["server"]
    assert answer.status_int == 202
    assert set(server) == {"id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"}
    assert answer.headers["Location"] == f"http://localhost:80/compute/v2.1/servers/{server['id']}"
    assert server["links"][1]["href"] == f"http://localhost:80/compute/servers/{server['id']}"
    assert len(server["adminPass"]) == 12
    assert "adminPass" not in cloud.get(f"/servers/{server['id']}")["server"]


def test_a_created_server_has_the_requested_attributes(cloud):
    data = base64.b64encode(b"#!/bin/sh").decode()
    answer = cloud.create(version="2.94", name="web", description="front", hostname="www.example.org",
                          metadata={"a": "b"}, tags=["z", "a", "z"], user_data=data, config_drive="yes",
                          accessIPv4="192.0.2.7", accessIPv6="::0.0.0.9", adminPass="secret",
                          hints={"foo": "bar", "many": ["1", "2"]}, availability_zone="nova",
                          **{"OS-DCF:diskConfig": "AUTO"})
    kept = row(answer.json["server"]["id"])
    assert answer.json["server"]["adminPass"] == "secret"
    assert (kept.display_name, kept.description, kept.hostname) == ("web", "front", "www.example.org")
    assert (kept.metadata, kept.tags, kept.user_data) == ({"a": "b"}, ["a", "z"], data)
    assert (kept.config_drive, kept.disk_config, kept.access_ipv4) == (True, "AUTO", "192.0.2.7")
    assert kept.access_ipv6 == "::9"
    assert kept.scheduler_hints == {"foo": ["bar"], "many": ["1", "2"]}
    assert kept.availability_zone == "nova"
    assert kept.requested_networks == []


def test_before_2_19_the_description_is_the_name(cloud):
    assert row(cloud.create(version="2.18", networks=None).json["server"]["id"]).description == "one"
    assert row(cloud.create(version="2.37").json["server"]["id"]).description is None


def test_several_servers_get_numbers_and_one_reservation(cloud):
    answer = cloud.create(name="many", min_count="2", max_count=3, return_reservation_id="true")
    assert list(answer.json) == ["reservation_id"]
    servers = cloud.get("/servers/detail", user="admin", version="2.3", )["servers"]
    assert servers == []
    detail = cloud.get("/servers/detail?all_tenants=1", user="admin", version="2.3")["servers"]
    assert sorted(each["name"] for each in detail) == ["many-1", "many-2", "many-3"]
    assert {each["OS-EXT-SRV-ATTR:reservation_id"] for each in detail} == {answer.json["reservation_id"]}
    assert sorted(each["OS-EXT-SRV-ATTR:launch_index"] for each in detail) == [0, 1, 2]


def test_quota_refuses_in_novas_words_and_keeps_nothing(cloud):
    cloud.create(min_count=8)
    answer = cloud.create(min_count=3)
    assert answer.status_int == 403
    assert answer.json["forbidden"]["message"] == (
        "Quota exceeded for instances: Requested 3, but already used 8 of 10 instances")
    assert count() == 8


def test_max_count_shrinks_to_the_free_quota(cloud):
    assert cloud.create(min_count=1, max_count=50).status_int == 202
    assert count() == 10


def test_over_several_quotas_names_them_all(cloud):
    cloud.call("POST", "/flavors", {"flavor": {"name": "big", "id": "big", "ram": 60000, "vcpus": 30, "disk": 1}},
               user="admin")
    answer = cloud.create(flavorRef="big")
    assert answer.json["forbidden"]["message"] == (
        "Quota exceeded for cores, ram: Requested 30, 60000, but already used 0, 0 of 20, 51200 cores, ram")


@pytest.mark.parametrize(("server", "message"), [
    ({"imageRef": None}, "Missing imageRef attribute"), ({"imageRef": ""}, "Missing imageRef attribute"),
    ({"imageRef": NOWHERE}, "Can not find requested image"),
    ({"imageRef": DRAFT}, f"Image {DRAFT} is not active."),
    ({"key_name": "nope"}, "Invalid key_name provided."), ({"flavorRef": "7"}, "Flavor 7 could not be found."),
    ({"min_count": 3, "max_count": 2}, "min_count must be <= max_count"),
    ({"networks": [{"fixed_ip": "10.0.0.1"}]}, "Bad network format: missing 'uuid'"),
    ({"networks": [{"uuid": NOWHERE}]}, f"Network {NOWHERE} could not be found."),
    ({"networks": [{"port": NOWHERE}, {"port": NOWHERE}]},
     f"Port ID '{NOWHERE}' was specified twice: you cannot attach a port multiple times."),
    ({"availability_zone": "mars"}, "The requested availability zone is not available"),
    ({"hostname": "two", "min_count": 2}, "Unable to allocate a single hostname to multiple instances"),
    ({"trusted_image_certificates": ["a"]},
     "Certificate validation is not supported: image signatures are not verified here."),
    ({"block_device_mapping_v2": [{"boot_index": 0, "uuid": NOWHERE, "source_type": "volume",
                                   "destination_type": "volume"}], "imageRef": ""},
     f"Block Device Mapping is Invalid: failed to get volume {NOWHERE}."),
    ({"block_device_mapping": [{"volume_id": NOWHERE}]},
     f"Block Device Mapping is Invalid: failed to get volume {NOWHERE}."),
])
def test_an_invalid_server_is_refused_and_leaves_no_rows(cloud, server, message):
    answer = cloud.create(version="2.94", **server)
    assert answer.status_int == 400
    assert answer.json["badRequest"]["message"] == message
    assert count() == 0


def injected(server_id):
    with db.reader() as session:
        return session.execute(sa.select(Server.injected_files).where(Server.id == server_id)).scalar_one()


def test_files_to_inject_are_kept_until_a_rebuild_brings_others_or_none(cloud):
    files = [{"path": "/etc/motd", "contents": "aGk="}]
    server = cloud.create(version="2.56", personality=files).json["server"]["id"]
    assert injected(server) == files
    for version, more, kept in (("2.56", {"personality": [{"path": "/b", "contents": ""}]},
                                 [{"path": "/b", "contents": ""}]), ("2.57", {}, [])):
        cloud.settle(server, vm_state="active", host="host-1")
        answer = cloud.call("POST", f"/servers/{server}/action", {"rebuild": {"imageRef": IMAGE, **more}},
                            version=version)
        assert answer.status_int == 202 and injected(server) == kept


@pytest.mark.parametrize(("files", "answer"), [
    ([{"path": "/a", "contents": ""}] * 6, (403, "Personality file limit exceeded")),
    ([{"path": "a" * 256, "contents": ""}], (403, "Personality file path exceeds maximum 255")),
    ([{"path": "a", "contents": "YWFh" * 2561}], (403, "Personality file content exceeds maximum 10240")),
    ([{"path": "a" * 256, "contents": "YWFh" * 2561}], (403, "Personality file path exceeds maximum 255"))])
def test_files_to_inject_are_bounded(cloud, files, answer):
    assert cloud.refused("POST", "/servers", {"server": {
        "name": "one", "flavorRef": "42", "imageRef": IMAGE, "personality": files}}) == answer
    server = cloud.make()
    rebuild = {"rebuild": {"imageRef": IMAGE, "personality": files}}
    assert cloud.refused("POST", f"/servers/{server}/action", rebuild) == answer
    cloud.settle(server, task_state="rebooting")
    assert cloud.refused("POST", f"/servers/{server}/action", rebuild)[0] == 409
    for resource in ("injected_files", "injected_file_path_bytes", "injected_file_content_bytes"):
        cloud.call("PUT", "/os-quota-sets/pa", {"quota_set": {resource: -1}}, user="admin")
    assert cloud.create(version="2.56", personality=files, networks="auto").status_int == 202


@pytest.mark.parametrize("file", [{"path": "a", "contents": "a"}, {"path": "a"}, {"contents": ""},
                                  {"path": "a", "contents": "", "mode": "x"}])
def test_files_to_inject_have_a_path_and_base64(cloud, file):
    assert cloud.create(version="2.56", personality=[file]).status_int == 400


def test_a_block_device_mapping_of_the_boot_image_is_accepted(cloud):
    mapping = {"boot_index": 0, "uuid": IMAGE, "source_type": "image", "destination_type": "local",
               "delete_on_termination": True}
    assert cloud.create(block_device_mapping_v2=[mapping]).status_int == 202


@pytest.mark.parametrize("server", [{"availability_zone": "nova:host-1"}, {"host": "host-1"}])
def test_only_administrators_choose_hosts(cloud, server):
    assert cloud.create(version="2.74", **server).status_int == 403
    assert cloud.create(version="2.74", user="admin", **server).status_int == 202


def test_readers_and_anonymous_users_create_no_servers(cloud):
    assert cloud.create(user="carl").status_int == 403
    assert cloud.create(user=None).status_int == 401
    assert count() == 0


def test_networks_are_passed_to_the_facade_in_one_form(cloud, monkeypatch):
    asked = []

    def create(context, request):
        asked.append(request)
        return [type("Row", (), {"id": "1", "disk_config": "MANUAL", "project_id": "pa", "user_id": "alice"})], "r-1"

    monkeypatch.setattr(cloud.compute.build, "create", create)
    for version, networks in (("2.36", None), ("2.37", "auto"), ("2.37", "none"), ("2.36", []),
                              ("2.42", [{"uuid": NOWHERE, "fixed_ip": "10.0.0.1", "tag": "lan"}, {"port": IMAGE}])):
        assert cloud.create(version=version, networks=networks).status_int == 202
    assert all(isinstance(each, CreateRequest) for each in asked)
    assert [each.networks for each in asked] == [None, "auto", "none", None, [
        {"uuid": NOWHERE, "port": None, "fixed_ip": "10.0.0.1", "tag": "lan"},
        {"uuid": None, "port": IMAGE, "fixed_ip": None, "tag": None}]]


def test_a_flavor_without_a_disk_is_the_operators_to_boot(cloud):
    cloud.call("POST", "/flavors", {"flavor": {"name": "none", "ram": 64, "vcpus": 1, "disk": 0, "id": "none"}},
               user="admin")
    refused = cloud.create(flavorRef="none")
    assert (refused.status_int, refused.json["forbidden"]["message"]) == (
        403, "Only volume-backed servers are allowed for flavors with zero disk.")
    assert cloud.create(flavorRef="none", user="admin").status_int == 202


def test_security_groups_are_shown_when_there_are_ports_that_have_them(cloud):
    server = cloud.create(networks="auto", version="2.37").json["server"]["id"]
    assert "security_groups" not in cloud.get(f"/servers/{server}")["server"]
    with db.writer() as session:
        cloud.network.allocate(session.execute(sa.select(Server.__table__).where(Server.id == server)).one())
    assert cloud.get(f"/servers/{server}")["server"]["security_groups"] == [{"name": "default"}]
    [listed] = cloud.get("/servers/detail")["servers"]
    assert listed["security_groups"] == [{"name": "default"}]
