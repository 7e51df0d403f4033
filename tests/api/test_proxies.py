"""Other services through the compute API, as clients from before 2.36 want them."""

import pytest

from nova_lite import db
from nova_lite.api.compute.legacy import routes
from nova_lite.common import context
from nova_lite.db import servers

ALICE, BOB = (context.RequestContext(user, project, ("member", "reader")) for user, project in (
    ("alice", "pa"), ("bob", "pb")))
ADMIN = context.RequestContext("admin", "padmin", ("admin", "member", "reader"))
NOBODYS = "00000000-0000-4000-8000-000000000000"


def image(cloud, who=ALICE, **values):
    return cloud.image_service.create(who, {"name": "i", "status": "active", "size": 5, **values}).id


def message(answer):
    (fault,) = answer.json.values()
    return fault["code"], fault["message"]


@pytest.mark.parametrize("entry", [entry for entry in routes.ROUTES if entry.until], ids=str)
def test_a_proxy_route_is_404_after_its_last_version(cloud, entry):
    path = entry.path.format(id=NOBODYS, image_id=NOBODYS)
    major, minor = entry.until.split(".")
    body = {} if entry.method in ("POST", "PUT") else None
    after = cloud.call(entry.method, path, body, version=f"{major}.{int(minor) + 1}")
    assert message(after) == (404, "The resource could not be found.")
    before = cloud.call(entry.method, path, body, version=entry.until)
    assert before.status_int < 500 or before.status_int in (501, 503)
    if before.status_int == 404:
        assert message(before) != (404, "The resource could not be found.")


# ---- images

def test_an_image_is_shown_in_novas_form(cloud):
    server = cloud.make()
    id = image(cloud, min_disk=1, min_ram=64, properties={"os_distro": "tiny", "instance_uuid": server,
                                                          "auto_disk_config": "True"})
    shown = cloud.get(f"/images/{id}")["image"]
    assert {key: shown[key] for key in ("name", "minRam", "minDisk", "status", "progress", "OS-EXT-IMG-SIZE:size",
                                        "OS-DCF:diskConfig")} == {
        "name": "i", "minRam": 64, "minDisk": 1, "status": "ACTIVE", "progress": 100, "OS-EXT-IMG-SIZE:size": 5,
        "OS-DCF:diskConfig": "AUTO"}
    assert shown["metadata"]["os_distro"] == "tiny" and shown["server"]["id"] == server
    assert [each["rel"] for each in shown["links"]] == ["self", "bookmark", "alternate"]
    assert set(cloud.get("/images")["images"][0]) == {"id", "name", "links"}
    assert cloud.get("/images/detail")["images"] == [shown]


def test_images_are_filtered_and_paged(cloud):
    one, two = image(cloud, name="one"), image(cloud, name="two", status="queued", properties={"color": "red"})
    image(cloud, BOB)

    def found(query):
        return {each["id"] for each in cloud.get(f"/images?{query}")["images"]}

    assert found("") == {one, two}
    assert found("name=one") == found("status=ACTIVE") == {one}
    assert found("status=queued") == found("property-color=red") == {two}
    assert found("minRam=1") == found("type=snapshot") == found("changes-since=2999-01-01T00:00:00Z") == set()
    page = cloud.get("/images?limit=1")
    following = page["images_links"][0]["href"].partition("/compute/v2.1")[2]
    assert {page["images"][0]["id"], cloud.get(following)["images"][0]["id"]} == {one, two}
    for query in ("limit=x", "limit=0", "offset=0", "page_size=x", f"marker={NOBODYS}"):
        assert cloud.refused("GET", f"/images?{query}")[0] == 400


def test_images_are_deleted_by_their_owners_only(cloud):
    mine, shared = image(cloud), image(cloud, BOB, visibility="public")
    hidden = image(cloud, BOB)
    assert cloud.refused("DELETE", f"/images/{shared}") == (403, "You are not allowed to delete the image.")
    for id in (hidden, NOBODYS, "nope"):
        assert cloud.refused("DELETE", f"/images/{id}") == cloud.refused("GET", f"/images/{id}") == (
            404, "Image not found.")
    assert cloud.call("DELETE", f"/images/{mine}").status_int == 204
    assert cloud.refused("GET", f"/images/{mine}")[0] == 404


def test_metadata_is_the_images_own_properties(cloud, conf):
    id = image(cloud, properties={"a": "1"})
    path = f"/images/{id}/metadata"
    assert cloud.call("POST", path, {"metadata": {"b": "2"}}).json == {"metadata": {"a": "1", "b": "2"}}
    assert cloud.call("PUT", path, {"metadata": {"b": "3", "c": "4"}}).json == {"metadata": {"b": "3", "c": "4"}}
    assert cloud.call("PUT", f"{path}/b", {"meta": {"b": "5"}}).json == {"meta": {"b": "5"}}
    assert cloud.get(f"{path}/b") == {"meta": {"b": "5"}}
    assert cloud.refused("PUT", f"{path}/b", {"meta": {"c": "5"}}) == (400, "Request body and URI mismatch")
    assert cloud.call("DELETE", f"{path}/b").status_int == 204
    assert cloud.refused("DELETE", f"{path}/b") == (404, "Invalid metadata key")
    assert cloud.refused("GET", f"{path}/b")[0] == 404
    assert cloud.get(path, version="2.38") == {"metadata": {"c": "4"}}
    assert cloud.refused("POST", path, {"metadata": {"x": 1}})[0] == 400
    conf.set_override("metadata_items", 1, "quota")
    assert cloud.refused("POST", path, {"metadata": {"d": "5"}}) == (403, "Image metadata limit exceeded")


@pytest.mark.parametrize("name", ["visibility", "owner", "status", "locations", "os_glance_x", "protected", "id"])
def test_image_metadata_cannot_change_attributes_of_the_image(cloud, name):
    id = image(cloud)
    assert cloud.refused("POST", f"/images/{id}/metadata", {"metadata": {name: "public"}})[0] == 403
    row = cloud.image_service.show(ALICE, id)
    assert (row.visibility, row.project_id, row.status, row.properties) == ("shared", "pa", "active", {})


def test_metadata_of_other_projects_images_cannot_be_changed(cloud):
    id = image(cloud, BOB, visibility="public")
    assert cloud.refused("POST", f"/images/{id}/metadata", {"metadata": {"x": "y"}}) == (
        403, f"Not authorized for image {id}.")


# ---- networks

def test_networks_of_the_compute_api_have_few_attributes(cloud):
    mine = cloud.network.networks.create(ALICE, {"project_id": "pa", "name": "mine"})["id"]
    theirs = cloud.network.networks.create(BOB, {"project_id": "pb", "name": "theirs"})["id"]
    shared = cloud.network.networks.create(BOB, {"project_id": "pb", "name": "all", "shared": True})["id"]
    listed = cloud.get("/os-networks")["networks"]
    assert {each["id"]: each["label"] for each in listed} == {mine: "mine", shared: "all"}
    assert (len(listed[0]), listed[0]["cidr"]) == (11, None)
    assert len(cloud.get(f"/os-networks/{mine}", user="admin")["network"]) == 32
    assert cloud.get(f"/os-tenant-networks/{mine}") == {"network": {"id": mine, "cidr": "None", "label": "mine"}}
    assert {each["id"] for each in cloud.get("/os-tenant-networks")["networks"]} == {mine, shared}
    for path in (f"/os-networks/{theirs}", f"/os-tenant-networks/{NOBODYS}", "/os-networks/x"):
        assert cloud.refused("GET", path) == (404, "Network not found")


def test_floating_ips_are_empty_and_cannot_be_allocated(cloud):
    assert cloud.get("/os-floating-ips") == {"floating_ips": []}
    assert cloud.get("/os-floating-ip-pools") == {"floating_ip_pools": []}
    for body in ({}, {"pool": "x"}, None):
        assert message(cloud.call("POST", "/os-floating-ips", body)) == (404, "Floating IP pool not found.")
    for method in ("GET", "DELETE"):
        assert cloud.refused(method, "/os-floating-ips/x") == (404, "Floating IP not found for ID x")


def test_servers_are_given_no_floating_ips(cloud):
    server = cloud.make()
    add, remove = ({action: {"address": "1.2.3.4"}} for action in ("addFloatingIp", "removeFloatingIp"))
    path = f"/servers/{server}/action"
    assert cloud.refused("POST", path, add) == (400, "Instance network is not ready yet")
    assert cloud.refused("POST", path, remove) == (404, "Floating IP not found for address 1.2.3.4.")
    cloud.settle(server, addresses=[{"network": "n", "addr": "10.0.0.9", "version": 4, "type": "fixed", "mac": "x"}])
    assert cloud.refused("POST", path, add) == (404, "floating IP not found")
    assert cloud.refused("POST", path, add, version="2.44")[0] == 404
    assert cloud.refused("POST", path, {"addFloatingIp": {"address": "x"}})[0] == 400


@pytest.fixture
def routed(cloud):
    """(id of a server of alice's, its address), on a network that a router connects with the pool "public"."""
    net = cloud.network
    outer = net.networks.create(ADMIN, {"project_id": "padmin", "name": "public", "router:external": True})["id"]
    inner = net.networks.create(ALICE, {"project_id": "pa", "name": "private"})["id"]
    made = {id: net.subnets.create(ADMIN, {"project_id": "pa", "network_id": id, "ip_version": 4, "cidr": cidr})
            for id, cidr in ((outer, "172.24.4.0/29"), (inner, "10.1.0.0/24"))}
    router = net.routers.create(ALICE, {"project_id": "pa", "external_gateway_info": {"network_id": outer}})
    net.router_interfaces.add_subnet(ALICE, router, made[inner]["id"])
    server = cloud.make()
    with db.writer() as session:
        row = servers.get(session, server)
        net.attachments.attach(ALICE, row, {"network": inner, "port": None, "fixed_ip": None, "tag": None})
        return server, servers.get(session, server).addresses[0]["addr"]


def addresses(cloud, server):
    shown = cloud.get(f"/servers/{server}")["server"]["addresses"]["private"]
    return [(each["addr"], each["OS-EXT-IPS:type"]) for each in shown]


def test_a_server_gets_a_floating_ip_of_a_pool(cloud, routed):
    server, fixed = routed
    assert cloud.get("/os-floating-ip-pools") == {"floating_ip_pools": [{"name": "public"}]}
    made = cloud.call("POST", "/os-floating-ips", {"pool": "public"}).json["floating_ip"]
    assert made == {"id": made["id"], "ip": made["ip"], "fixed_ip": None, "instance_id": None, "pool": "public"}
    path = f"/servers/{server}/action"
    assert cloud.refused("POST", path, {"removeFloatingIp": {"address": made["ip"]}})[0] == 409
    assert cloud.refused("POST", path, {"addFloatingIp": {"address": made["ip"], "fixed_address": "10.9.9.9"}}) == (
        400, "Specified fixed address not assigned to instance")
    assert cloud.call("POST", path, {"addFloatingIp": {"address": made["ip"]}}).status_int == 202
    assert addresses(cloud, server) == [(fixed, "fixed"), (made["ip"], "floating")]
    assert cloud.get(f"/os-floating-ips/{made['id']}")["floating_ip"] == {
        **made, "fixed_ip": fixed, "instance_id": server}
    assert cloud.get("/os-floating-ips", user="bob") == {"floating_ips": []}
    assert cloud.refused("GET", f"/os-floating-ips/{made['id']}", user="bob")[0] == 404
    assert cloud.call("POST", path, {"removeFloatingIp": {"address": made["ip"]}}).status_int == 202
    assert addresses(cloud, server) == [(fixed, "fixed")]
    assert cloud.call("DELETE", f"/os-floating-ips/{made['id']}").status_int == 202
    assert cloud.get("/os-floating-ips") == {"floating_ips": []}


def test_a_pool_ends_at_its_last_address_and_at_the_quota(cloud, routed, conf):
    for _ in range(4):
        assert cloud.call("POST", "/os-floating-ips", {"pool": "public"}).status_int == 200
    assert message(cloud.call("POST", "/os-floating-ips", {"pool": "public"})) == (
        404, "No more floating IPs in pool public.")
    conf.set_override("quota_floatingip", 4, "network")
    assert message(cloud.call("POST", "/os-floating-ips", {"pool": "public"})) == (
        403, "IP allocation over quota in pool public.")


# ---- security groups

def group(cloud, name="g"):
    answer = cloud.call("POST", "/os-security-groups", {"security_group": {"name": name, "description": "d"}})
    assert answer.status_int == 200, answer.text
    return answer.json["security_group"]


def add(cloud, parent, **rule):
    return cloud.call("POST", "/os-security-group-rules", {"security_group_rule": {"parent_group_id": parent, **rule}})


@pytest.mark.parametrize("cidr", ["fd00::%eth0/64", "fd00::%};drop/64", "fd00::%x\nflush/64"])
def test_no_range_of_a_rule_has_a_scope(cloud, cidr):
    """It would get into the rules of hosts."""
    made = group(cloud)
    assert message(add(cloud, made["id"], cidr=cidr, ip_protocol="tcp", from_port=1, to_port=2))[0] == 400
    assert cloud.get(f"/os-security-groups/{made['id']}")["security_group"]["rules"] == []


def test_a_group_is_made_renamed_and_deleted(cloud):
    made = group(cloud)
    assert made == {"id": made["id"], "name": "g", "description": "d", "tenant_id": "pa", "rules": []}
    assert [each["name"] for each in cloud.get("/os-security-groups")["security_groups"]] == ["default", "g"]
    path = f"/os-security-groups/{made['id']}"
    renamed = cloud.call("PUT", path, {"security_group": {"name": " h ", "description": "e "}}).json["security_group"]
    assert (renamed["name"], renamed["description"]) == (" h ", "e ")
    assert cloud.refused("PUT", path, {"security_group": {"name": "h"}})[0] == 400
    assert cloud.refused("GET", path, user="bob")[0] == 404
    assert cloud.call("DELETE", path).status_int == 202
    assert cloud.refused("GET", path) == (404, f"Security group {made['id']} does not exist")
    assert cloud.refused("GET", "/os-security-groups/x") == (400, "Security group id should be uuid")
    assert cloud.refused("POST", "/os-security-groups", {"security_group": {"name": "default", "description": ""}}) == (
        403, "Default security group already exists.")


def test_the_default_group_lets_its_own_members_in(cloud):
    default = cloud.get("/os-security-groups")["security_groups"][0]
    assert [(each["ip_protocol"], each["group"], each["ip_range"]) for each in default["rules"]] == [
        (None, {"name": "default", "tenant_id": "pa"}, {})] * 2


def test_security_group_rules_are_ingress_rules_in_novas_form(cloud):
    id = group(cloud)["id"]
    rule = add(cloud, id, ip_protocol="tcp", from_port="22", to_port=23, cidr="10.1.2.3/8").json["security_group_rule"]
    assert rule == {"id": rule["id"], "parent_group_id": id, "ip_protocol": "tcp", "from_port": 22, "to_port": 23,
                    "group": {}, "ip_range": {"cidr": "10.1.2.3/8"}}
    everybody = add(cloud, id, ip_protocol="icmp", from_port=-1, to_port=-1).json["security_group_rule"]
    assert (everybody["from_port"], everybody["to_port"], everybody["ip_range"]) == (-1, -1, {"cidr": "0.0.0.0/0"})
    members = add(cloud, id, group_id=id).json["security_group_rule"]
    assert (members["group"], members["ip_range"]) == ({"name": "g", "tenant_id": "pa"}, {})
    shown = cloud.get(f"/os-security-groups/{id}")["security_group"]["rules"]
    assert {each["id"] for each in shown} == {rule["id"], everybody["id"], members["id"]}
    assert cloud.call("DELETE", f"/os-security-group-rules/{rule['id']}").status_int == 202
    assert cloud.refused("DELETE", f"/os-security-group-rules/{rule['id']}")[0] == 404
    assert cloud.refused("DELETE", "/os-security-group-rules/x")[0] == 400


@pytest.mark.parametrize(("rule", "reason"), [
    ({}, "Not enough parameters to build a valid rule."),
    ({"ip_protocol": "tcp"}, "Not enough parameters to build a valid rule."),
    ({"ip_protocol": "bad", "from_port": 1, "to_port": 1}, "Invalid IP protocol bad."),
    ({"ip_protocol": "tcp", "from_port": 2, "to_port": 1},
     "Invalid port range 2:1. Former value cannot be greater than the later"),
    ({"ip_protocol": "tcp", "from_port": 1, "to_port": 70000},
     "Invalid port range 1:70000. Valid TCP ports should be between 1-65535"),
    ({"ip_protocol": "tcp", "from_port": "a", "to_port": 3},
     "Invalid input received: To and From ports must be integers"),
    ({"ip_protocol": "tcp", "from_port": 1, "to_port": 2, "cidr": "zz"}, "zz is not a valid IP network."),
    ({"ip_protocol": "tcp", "from_port": 1, "to_port": 2, "cidr": "10.1.2.3"}, "10.1.2.3 is not a valid IP network."),
    ({"ip_protocol": "tcp", "from_port": 1, "to_port": 2, "cidr": "10.1.2.3/0"},
     "Bad prefix for network in cidr 10.1.2.3/0")])
def test_invalid_security_group_rules_are_refused_with_novas_messages(cloud, rule, reason):
    id = group(cloud)["id"]
    assert message(add(cloud, id, **rule)) == (400, reason)
    assert cloud.get(f"/os-security-groups/{id}")["security_group"]["rules"] == []


def test_a_duplicate_security_group_rule_is_refused(cloud):
    id = group(cloud)["id"]
    ssh = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22}
    assert add(cloud, id, **ssh).status_int == 200
    assert message(add(cloud, id, **ssh)) == (400, f"This rule already exists in group {id}")
    assert message(add(cloud, NOBODYS, **ssh))[0] == message(add(cloud, id, group_id=NOBODYS))[0] == 404


# ---- what has no service

def test_volumes_and_snapshots_are_empty_and_cannot_be_made(cloud):
    for path in ("/os-volumes", "/os-volumes/detail"):
        assert cloud.get(path) == {"volumes": []}
    for path in ("/os-snapshots", "/os-snapshots/detail"):
        assert cloud.get(path) == {"snapshots": []}
    for kind in ("volume", "snapshot"):
        for method in ("GET", "DELETE"):
            assert cloud.refused(method, f"/os-{kind}s/x") == (404, f"{kind.capitalize()} x could not be found.")
    assert cloud.refused("POST", "/os-volumes", {"volume": {"size": 1}}) == (
        503, "This cloud has no block storage service.")
    for wrong in ({}, {"size": 1, "x": 1}, {"size": 1, "metadata": "x"}):
        assert cloud.refused("POST", "/os-volumes", {"volume": wrong})[0] == 400
    assert cloud.refused("POST", "/os-snapshots", {"snapshot": {"volume_id": "x", "force": "x"}})[0] == 400
    assert cloud.refused("POST", "/os-snapshots", {"snapshot": {"volume_id": "x"}})[0] == 404
    assert cloud.refused("POST", "/os-volumes", {"volume": {"size": 1}}, user="carl")[0] == 403


def test_bare_metal_nodes_are_refused_without_ironic(cloud):
    assert cloud.refused("GET", "/os-baremetal-nodes", user="admin")[0] == 501
    assert cloud.refused("GET", "/os-baremetal-nodes")[0] == 403
    assert cloud.refused("POST", "/os-baremetal-nodes", {}) == (
        400, "Command not supported. Please use Ironic command node-create to perform this action.")
    assert cloud.refused("POST", "/os-baremetal-nodes/x/action", {"remove_interface": {}}) == (
        400, "Command not supported. Please use Ironic command port-delete to perform this action.")


def test_volumes_boot_is_servers_by_another_name(cloud):
    server = cloud.make()
    assert [each["id"] for each in cloud.get("/os-volumes_boot")["servers"]] == [server]
    assert cloud.get(f"/os-volumes_boot/{server}") == cloud.get(f"/servers/{server}")
    assert cloud.call("POST", f"/os-volumes_boot/{server}/action", {"os-stop": None}).status_int == 202
    assert cloud.call("POST", f"/os-volumes_boot/{server}/action", {"os-stop": None}, version="2.103").status_int == 404
