"""Interfaces, addresses and security groups of servers that are there, on the fake driver."""

import concurrent.futures

import pytest
import requests

from tests import clouds
from tests.flow.test_server_rest import settle

SERVERS, NETWORK = "/compute/v2.1/servers", "/network/v2.0"


@pytest.fixture
def second(cloud):
    """The id of a second network, with four addresses."""
    network = cloud.post(f"{NETWORK}/networks", {"network": {"name": "second"}}).body["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "192.0.2.0/29", "gateway_ip": "192.0.2.6"}
    assert cloud.post(f"{NETWORK}/subnets", {"subnet": subnet}).status == 201
    yield network
    for server in cloud.get(SERVERS).body["servers"]:
        cloud.delete_server(server["id"])
    for port in cloud.get(f"{NETWORK}/ports?network_id={network}").body["ports"]:
        cloud.delete(f"{NETWORK}/ports/{port['id']}")
    assert cloud.delete(f"{NETWORK}/networks/{network}").status == 204


def attach(cloud, server_id, version="2.90", **asked):
    answer = cloud.post(f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": asked}, version=version)
    assert answer.status == 200, answer.text
    return answer.body["interfaceAttachment"]


def attached(cloud, server_id):
    return [each["port_id"] for each in cloud.get(f"{SERVERS}/{server_id}/os-interface").body["interfaceAttachments"]]


def detach(cloud, server_id, port_id):
    assert cloud.delete(f"{SERVERS}/{server_id}/os-interface/{port_id}").status == 202
    clouds.until("it is detached", lambda: port_id not in attached(cloud, server_id))


def nics(cloud, server_id):
    """How many the guest itself has."""
    return cloud.get(f"{SERVERS}/{server_id}/diagnostics", user="admin", version="2.48").body["num_nics"]


def history(cloud, server_id):
    found = cloud.get(f"{SERVERS}/{server_id}/os-instance-actions").body["instanceActions"]
    return [(each["action"], each["message"]) for each in found]


def addresses(cloud, server_id):
    """{network's name: addresses}"""
    shown = cloud.show(server_id)["addresses"]
    return {name: [each["addr"] for each in found] for name, found in shown.items()}


def test_an_interface_comes_with_a_new_port_and_goes_with_it(cloud, second):
    server_id = cloud.boot()["id"]
    made = attach(cloud, server_id, net_id=second, tag="backup")
    assert made["tag"] == "backup" and made["port_state"] == "ACTIVE"
    assert addresses(cloud, server_id)["second"] == [made["fixed_ips"][0]["ip_address"]]
    assert cloud.get(f"{SERVERS}/{server_id}/os-interface/{made['port_id']}", version="2.70").body[
        "interfaceAttachment"] == made
    assert nics(cloud, server_id) == 2
    detach(cloud, server_id, made["port_id"])
    assert nics(cloud, server_id) == 1
    assert "second" not in addresses(cloud, server_id)
    assert cloud.get(f"{NETWORK}/ports/{made['port_id']}").status == 404
    assert history(cloud, server_id)[:2] == [("detach_interface", None), ("attach_interface", None)]


def test_a_users_own_port_is_free_again_when_it_is_detached(cloud, second):
    server_id = cloud.boot()["id"]
    port = cloud.post(f"{NETWORK}/ports", {"port": {"network_id": second}}).body["port"]["id"]
    assert attach(cloud, server_id, port_id=port)["port_id"] == port
    assert cloud.get(f"{NETWORK}/ports/{port}").body["port"]["device_id"] == server_id
    again = cloud.post(f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {"port_id": port}})
    assert (again.status, again.body["conflictingRequest"]["message"]) == (409, f"Port {port} is still in use.")
    detach(cloud, server_id, port)
    assert cloud.get(f"{NETWORK}/ports/{port}").body["port"]["device_id"] == ""
    attach(cloud, server_id, port_id=port)
    cloud.delete_server(server_id)
    assert cloud.get(f"{NETWORK}/ports/{port}").body["port"]["device_id"] == ""


def test_changed_interfaces_survive_stop_start_rebuild_and_shelve(cloud, second):
    server = cloud.boot()
    server_id, (first,) = server["id"], attached(cloud, server["id"])
    added = attach(cloud, server_id, net_id=second)["port_id"]
    detach(cloud, server_id, first)
    settle(cloud, server_id, "os-stop", "SHUTOFF")
    late = attach(cloud, server_id, net_id=second)["port_id"]
    settle(cloud, server_id, "os-start", "ACTIVE")
    assert nics(cloud, server_id) == 2
    settle(cloud, server_id, "rebuild", "ACTIVE", {"imageRef": server["image"]["id"]})
    assert nics(cloud, server_id) == 2
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    assert cloud.post(f"{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {"net_id": second}}).status == 409
    settle(cloud, server_id, "unshelve", "ACTIVE")
    assert attached(cloud, server_id) == [added, late]
    assert nics(cloud, server_id) == 2


def test_concurrent_attachments_run_one_after_the_other(cloud, second):
    server_id = cloud.boot()["id"]
    url, body = f"{cloud.url}{SERVERS}/{server_id}/os-interface", {"interfaceAttachment": {"net_id": second}}
    headers = {"X-Auth-Token": cloud.token()}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requests.post(url, json=body, headers=headers, timeout=60), range(4)))
    assert [each.status_code for each in answers] == [200] * 4
    assert len(set(attached(cloud, server_id))) == 5 == nics(cloud, server_id)


def test_a_request_that_is_repeated_with_its_key_attaches_once(cloud, second):
    server_id = cloud.boot()["id"]
    path, key = f"{SERVERS}/{server_id}/os-interface", {"Idempotency-Key": f"attach to {server_id}"}
    first, again = (cloud.post(path, {"interfaceAttachment": {"net_id": second}}, headers=key) for _ in range(2))
    assert (first.status, again.status, first.body) == (200, 200, again.body)
    assert nics(cloud, server_id) == len(attached(cloud, server_id)) == 2


def test_detaching_an_unknown_interface_or_address_fails_in_the_actions_record(cloud):
    server_id = cloud.boot()["id"]
    for path in ("11111111-2222-4333-8444-555555555555", "nonsense"):
        assert cloud.delete(f"{SERVERS}/{server_id}/os-interface/{path}").status == 202
        assert history(cloud, server_id)[0] == ("detach_interface", "Error")
    for action, argument in (("addFixedIp", {"networkId": "nowhere"}), ("removeFixedIp", {"address": "192.0.2.77"})):
        assert cloud.act(server_id, action, argument, version="2.43").status == 202
        assert history(cloud, server_id)[0] == (action, "Error")
    assert cloud.show(server_id)["status"] == "ACTIVE"


def test_a_server_gets_a_second_address_in_its_network_and_gives_it_back(cloud, second):
    server_id = cloud.boot(networks=[{"uuid": second}])["id"]
    first, = addresses(cloud, server_id)["second"]
    settle(cloud, server_id, "addFixedIp", "ACTIVE", {"networkId": second}, version="2.43")
    both = addresses(cloud, server_id)["second"]
    assert len(set(both)) == 2 and first in both
    settle(cloud, server_id, "removeFixedIp", "ACTIVE", {"address": first}, version="2.43")
    assert addresses(cloud, server_id)["second"] == [each for each in both if each != first]
    assert cloud.act(server_id, "addFixedIp", {"networkId": second}, version="2.44").status == 404


@pytest.mark.parametrize(("action", "status"), [("rescue", "RESCUE"), ("rebuild", "ERROR")])
def test_addresses_change_in_any_state_that_has_a_host(cloud, second, action, status):
    """As Nova has it; a server that broke stays broken, and its fault says why."""
    server_id = cloud.boot(networks=[{"uuid": second}])["id"]
    first, = addresses(cloud, server_id)["second"]
    argument = {"imageRef": cloud.image_id(), "preserve_ephemeral": True} if action == "rebuild" else None
    fault = settle(cloud, server_id, action, status, argument).get("fault")
    assert (fault is not None) == (status == "ERROR")
    settle(cloud, server_id, "addFixedIp", status, {"networkId": second}, version="2.43")
    assert len(addresses(cloud, server_id)["second"]) == 2
    shown = settle(cloud, server_id, "removeFixedIp", status, {"address": first}, version="2.43")
    assert len(addresses(cloud, server_id)["second"]) == 1
    assert shown.get("fault") == fault


def test_every_port_of_a_server_joins_a_group_and_leaves_it(cloud, second):
    server_id = cloud.boot()["id"]
    attach(cloud, server_id, net_id=second)
    made = cloud.post(f"{NETWORK}/security-groups", {"security_group": {"name": "web"}}).body["security_group"]["id"]
    try:
        assert cloud.act(server_id, "addSecurityGroup", {"name": "web"}).status == 202
        shown = [each["name"] for each in cloud.show(server_id)["security_groups"]]
        assert sorted(shown) == ["default"] * 2 + ["web"] * 2
        listed = cloud.get(f"{SERVERS}/{server_id}/os-security-groups").body["security_groups"]
        assert [each["name"] for each in listed] == ["default", "default", "web", "web"]
        assert cloud.act(server_id, "removeSecurityGroup", {"name": made}).status == 202
        assert [each["name"] for each in cloud.show(server_id)["security_groups"]] == ["default"] * 2
    finally:
        cloud.delete(f"{NETWORK}/security-groups/{made}")


def test_a_port_changes_and_goes_by_the_network_api_and_its_guest_follows(cloud, second):
    server_id = cloud.boot()["id"]
    port_id = attach(cloud, server_id, net_id=second)["port_id"]
    path, (fixed,) = f"{NETWORK}/ports/{port_id}", cloud.get(f"{NETWORK}/ports/{port_id}").body["port"]["fixed_ips"]
    more = [fixed, {"subnet_id": fixed["subnet_id"]}]
    assert cloud.put(path, {"port": {"fixed_ips": more}}).status == 200
    clouds.until("both are there", lambda: len(addresses(cloud, server_id)["second"]) == 2)
    clouds.until("the host has done it", lambda: cloud.put(path, {"port": {"fixed_ips": [fixed]}}).status == 200)
    assert addresses(cloud, server_id)["second"] == [fixed["ip_address"]]
    assert cloud.delete(path).status == 204
    clouds.until("it is gone", lambda: cloud.get(path).status == 404)
    assert nics(cloud, server_id) == 1 and "second" not in addresses(cloud, server_id)
    assert [action for action, message in history(cloud, server_id) if message is None][:3] == [
        "detach_interface", "removeFixedIp", "addFixedIp"]
