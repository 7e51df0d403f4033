"""Counts of networks' addresses (network-ip-availabilities)."""

import pytest

from tests.api.test_network_api import refused
from tests.network_service import service  # noqa: F401

PATH = "/network-ip-availabilities"
NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def network(service):  # noqa: F811
    """With two subnets, three ports on the first and one on the second."""
    made = service.make("network", name="crowded")
    service.make("subnet", name="small", network_id=made["id"], cidr="10.1.0.0/29", ip_version=4)
    pools = [{"start": "10.2.0.10", "end": "10.2.0.19"}, {"start": "10.2.0.30", "end": "10.2.0.39"}]
    large = service.make("subnet", name="pools", network_id=made["id"], cidr="10.2.0.0/24", ip_version=4,
                         allocation_pools=pools)
    small = service.find(f"/subnets?network_id={made['id']}&name=small")[0]
    for subnet in (small, small, small, large):
        service.make("port", network_id=made["id"], fixed_ips=[{"subnet_id": subnet["id"]}])
    return made


def test_a_network_has_the_sums_of_its_subnets(service, network):  # noqa: F811
    found = service.find(f"{PATH}/{network['id']}", "admin")
    subnets = {each["subnet_name"]: each for each in found.pop("subnet_ip_availability")}
    found.pop("ip_availability_details")
    assert found == {"network_id": network["id"], "network_name": "crowded", "project_id": network["project_id"],
                     "tenant_id": network["project_id"], "total_ips": 25, "used_ips": 4}
    assert {name: (each["total_ips"], each["used_ips"], each["cidr"], each["ip_version"])
            for name, each in subnets.items()} == {
        "small": (5, 3, "10.1.0.0/29", 4), "pools": (20, 1, "10.2.0.0/24", 4)}
    assert all(service.find(f"/subnets/{each['subnet_id']}")["name"] == name for name, each in subnets.items())


def details(total, pooled, used, used_of_pools):
    return {"total_ips_in_subnet": total, "total_ips_in_allocation_pool": pooled, "used_ips_in_subnet": used,
            "used_ips_in_allocation_pool": used_of_pools}


def test_details_count_whole_subnets_and_their_pools_apart(service, network):  # noqa: F811
    large = service.find(f"/subnets?network_id={network['id']}&name=pools")[0]
    for ip in ("10.2.0.20", "10.2.0.39"):                               # the first one is in no pool
        service.make("port", network_id=network["id"], fixed_ips=[{"subnet_id": large["id"], "ip_address": ip}])
    found = service.find(f"{PATH}/{network['id']}", "admin")
    assert {each["subnet_name"]: each["ip_availability_details"] for each in found["subnet_ip_availability"]} == {
        "small": details(6, 5, 3, 3), "pools": details(254, 20, 3, 2)}
    assert found["ip_availability_details"] == details(260, 25, 6, 5)
    bare = service.make("network", name="bare")
    service.make("subnet", network_id=bare["id"], cidr="10.3.0.0/24", ip_version=4, allocation_pools=[])
    found = service.find(f"{PATH}/{bare['id']}", "admin")
    assert (found["total_ips"], found["ip_availability_details"]) == (256, details(254, 0, 0, 0))


def test_networks_are_found_by_name_project_and_version(service, network):  # noqa: F811
    empty = service.make("network", "erin", name="empty")

    def found(query):
        return {each["network_name"] for each in service.find(f"{PATH}?{query}", "admin")}
    assert found("") == {"crowded", "empty"}
    assert found(f"network_id={empty['id']}") == found("network_name=empty") == {"empty"}
    assert found(f"project_id={network['project_id']}") == found(f"tenant_id={network['project_id']}") == {"crowded"}
    assert found("ip_version=4") == {"crowded"}
    assert found("ip_version=6") == set()
    refused(service.call("GET", f"{PATH}?ip_version=four", user="admin"), 400, "InvalidInput", "four")
    refused(service.call("GET", f"{PATH}?color=red", user="admin"), 400, "HTTPBadRequest", "color")
    assert service.find(f"{PATH}/{empty['id']}", "admin")["total_ips"] == 0


def test_the_list_comes_by_pages(service, network):  # noqa: F811
    other = service.make("network", name="other")
    first = service.call("GET", f"{PATH}?limit=1&sort_key=network_name", user="admin").json
    assert [each["network_id"] for each in first["network_ip_availabilities"]] == [network["id"]]
    link, = [each["href"] for each in first["network_ip_availabilities_links"] if each["rel"] == "next"]
    second = service.call("GET", link[link.index(PATH):], user="admin").json
    assert [each["network_id"] for each in second["network_ip_availabilities"]] == [other["id"]]


def test_only_operators_count_addresses(service, network):  # noqa: F811
    assert service.find(PATH) == []
    refused(service.call("GET", f"{PATH}/{network['id']}"), 404, "HTTPNotFound")
    refused(service.call("GET", f"{PATH}/{NOWHERE}", user="admin"), 404, "NetworkNotFound", NOWHERE)
