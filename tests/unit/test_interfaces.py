"""Compute keeps its own record of a server's interfaces, and an old answer never hides a newer one."""

import types

from nova_lite import db
from nova_lite.compute.actions import network_info
from nova_lite.db import interfaces
from nova_lite.objects.interface import ServerNetwork
from tests.network_service import context, service  # noqa: F401


def kept(server_id):
    with db.reader() as session:
        return interfaces.nics(session, [server_id]).get(server_id, [])


def test_a_change_of_a_network_or_a_subnet_is_known_to_its_servers_at_once(service):  # noqa: F811
    network, subnet = service.net()
    server_id, _ = service.boot([{"uuid": network["id"]}])
    service.call("PUT", f"/networks/{network['id']}", {"network": {"name": "other", "mtu": 1400}})
    service.call("PUT", f"/subnets/{subnet['id']}", {"subnet": {"dns_nameservers": ["9.9.9.9"], "gateway_ip": None}})
    [nic] = kept(server_id)
    assert (nic.network_name, nic.mtu, nic.addresses[0].dns, nic.addresses[0].gateway) == ("other", 1400, ["9.9.9.9"],
                                                                                          None)
    assert service.row(server_id).addresses[0]["network"] == "other"


def test_interfaces_go_with_the_ports(service):  # noqa: F811
    network, _ = service.net()
    server_id, nics = service.boot([{"uuid": network["id"]}] * 2)
    assert [nic.port_id for nic in kept(server_id)] == [nic.port_id for nic in nics]
    service.facade.attachments.detach(server_id, nics[0].port_id)
    assert [nic.port_id for nic in kept(server_id)] == [nics[1].port_id]
    service.release(server_id)
    assert kept(server_id) == []


def test_the_info_cache_marks_ports_that_were_made_for_the_server(service):  # noqa: F811
    network, _ = service.net()
    mine = service.make("port", network_id=network["id"])["id"]
    server_id, _ = service.boot([{"port": mine}, {"uuid": network["id"]}])
    described = service.facade.describe([server_id])[server_id]
    assert [each.owned for each in described.interfaces] == [False, True]
    with db.reader() as session:
        assert interfaces.differ(session, {server_id: described}) == set()
        assert interfaces.differ(session, {server_id: ServerNetwork()}) == {server_id}


def test_an_answer_older_than_the_info_cache_is_asked_for_again(service):  # noqa: F811
    network, _ = service.net()
    server_id, _ = service.boot([{"uuid": network["id"]}])
    row, asked = service.row(server_id), []

    def describe(server_ids):
        found = service.facade.describe(server_ids)
        if not asked:           # the service's answer is on its way while a port comes
            service.facade.attachments.attach(context(), row, dict.fromkeys(("port", "fixed_ip", "tag"))
                                            | {"network": network["id"]})
        asked.append(server_ids)
        return found
    network_info.refresh(types.SimpleNamespace(describe=describe), [server_id])
    assert len(asked) == 2 and len(kept(server_id)) == 2
    assert len(service.row(server_id).addresses) == 2


def test_a_refresh_of_a_server_that_is_gone_ends(service):  # noqa: F811
    network_info.refresh(service.facade, ["4f7ce51b-d49e-41a4-b197-000000000000"])
