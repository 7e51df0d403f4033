"""IPv6 addresses on PostgreSQL and MariaDB, and automatic ones while ports and subnets come and go."""

import pytest

from tests.api.test_network_external import public  # noqa: F401
from tests.api.test_network_ipv6_ports import (  # noqa: F401
    both,
    test_a_chosen_address_is_kept_in_its_one_form,
    test_automatic_addresses_go_with_their_subnet,
    test_ports_that_are_there_get_addresses_of_a_new_automatic_subnet,
)
from tests.api.test_network_ipv6_routers import act, test_a_gateway_has_an_address_of_each_version  # noqa: F401
from tests.api.test_network_ipv6_subnets import (  # noqa: F401
    modes,
    subnet,
    test_counts_of_addresses_are_exact,
    test_modes_are_kept_and_found,
)
from tests.live import databases
from tests.live.databases import at_once
from tests.network_service import Service


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def service(conf, url):
    with databases.connected(conf, url):
        yield Service()


def test_every_port_has_the_addresses_of_all_automatic_subnets_whatever_came_first(service):
    network = service.make("network")
    subnet(service, network, "fd00:9::/64")

    def subnets(number):
        """Two come, and one of them goes."""
        for each in range(2):
            made = subnet(service, network, f"fd00:{number}{each}::/64", **modes("slaac"))
        assert service.call("DELETE", f"/subnets/{made['id']}").status_int == 204

    def ports():
        for _ in range(4):
            port = service.make("port", network_id=network["id"])
            body = {"port": {"fixed_ips": []}}
            assert service.call("PUT", f"/ports/{port['id']}", body).status_int == 200

    def servers():
        return [service.boot([{"uuid": network["id"]}])[0] for _ in range(4)]
    results = at_once([lambda: subnets(1), ports, servers, lambda: subnets(2), ports, servers])
    assert [each for each in results if isinstance(each, Exception)] == []
    left = {each["id"] for each in service.find("/subnets") if each["ipv6_ra_mode"]}
    found = service.find("/ports")
    assert (len(left), len(found)) == (2, 16)
    assert all({one["subnet_id"] for one in each["fixed_ips"]} >= left for each in found)
    for server_id in (each for some in results if some for each in some):
        shown = {each["addr"] for each in service.row(server_id).addresses}
        [port] = [each for each in found if each["device_id"] == server_id]
        assert shown == {each["ip_address"] for each in port["fixed_ips"]}
