"""Trunks, bindings, policies of routers, segments and zones on PostgreSQL and MariaDB, and trunks under races."""

import pytest

from tests.api.test_network_port_bindings import (  # noqa: F401
    device_port,
    test_a_server_takes_a_port_that_has_a_binding_on_its_host,
    test_an_inactive_binding_becomes_the_active_one,
)
from tests.api.test_network_qos_routers import (  # noqa: F401
    outer,
    test_a_gateway_gets_keeps_and_loses_a_policy,
    test_policies_of_routers_are_in_use,
)
from tests.api.test_network_resource_requests import (  # noqa: F401
    test_a_network_promises_for_ports_without_a_policy,
)
from tests.api.test_network_segments import test_segments_are_made_changed_and_deleted  # noqa: F401
from tests.api.test_network_trunks import (  # noqa: F401
    test_a_port_is_of_one_trunk,
    test_a_subport_is_bound_as_its_parent_is,
    test_a_trunk_goes_with_a_port_that_was_made_for_its_server,
)
from tests.api.test_network_zone_hints import (  # noqa: F401
    hosts,
    test_networks_and_routers_are_in_the_zones_of_their_hosts,
)
from tests.live.databases import at_once
from tests.live.test_network_databases import allocated, service, url  # noqa: F401
from tests.network_service import context


@pytest.fixture
def network(service):  # noqa: F811
    return service.net()[0]


@pytest.fixture
def port(service, network):  # noqa: F811
    """``port(**values)`` makes one."""
    return lambda **values: service.make("port", network_id=network["id"], **values)


def carry(service, trunk, port):  # noqa: F811
    return service.call("PUT", f"/trunks/{trunk['id']}/add_subports", {"sub_ports": [
        {"port_id": port["id"], "segmentation_type": "vlan", "segmentation_id": 2}]})


def test_of_a_server_and_a_trunk_that_want_one_port_one_gets_it(service, port):  # noqa: F811
    for _ in range(4):
        parent, wanted = port(), port()
        trunk = service.make("trunk", port_id=parent["id"])
        server = service.server(service.facade.validate(context(), [{"port": wanted["id"]}], 1, []))
        at_once([lambda server=server: allocated(service, server),
                 lambda trunk=trunk, wanted=wanted: carry(service, trunk, wanted)])
        carried = [each["port_id"] for each in service.find(f"/trunks/{trunk['id']}")["sub_ports"]]
        found = service.find(f"/ports/{wanted['id']}")
        assert (found["device_id"] == server) is not (carried == [wanted["id"]]), (found, carried)


def test_of_several_trunks_that_want_one_port_one_gets_it(service, port):  # noqa: F811
    wanted, trunks = port(), [service.make("trunk", port_id=port()["id"]) for _ in range(4)]
    answers = at_once([lambda trunk=each: carry(service, trunk, wanted).status_int for each in trunks])
    assert sorted(answers) == [200, 409, 409, 409]
    assert sum(bool(each["sub_ports"]) for each in service.find("/trunks")) == 1
