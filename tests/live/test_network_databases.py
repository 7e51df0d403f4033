"""Ports under races on PostgreSQL and MariaDB: many transactions at once, every address given once."""

from unittest import mock

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.compute.actions.interfaces import Interfaces
from nova_lite.compute.actions.security_groups import SecurityGroups
from nova_lite.db.models.servers import Server
from nova_lite.network import exceptions
from tests.live import databases
from tests.live.databases import at_once
from tests.network_service import Service, context


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def url(request, tmp_path_factory):
    with databases.database(request.param, tmp_path_factory) as made:
        yield made


@pytest.fixture
def service(conf, url):
    with databases.connected(conf, url):
        yield Service()


def test_of_many_that_build_at_once_no_two_get_one_address(service):
    network, _ = service.net("10.1.0.0/27")
    wanted = service.door.validate(context(), [{"uuid": network["id"]}], 1)
    servers = [service.server(wanted) for _ in range(24)]
    results = []
    for start in range(0, 24, 8):
        results += at_once([lambda server=each: service.allocate(server) for each in servers[start:start + 8]])
    assert [each for each in results if isinstance(each, Exception)] == []
    assert len({nics[0].addresses[0].ip for nics in results}) == 24
    assert len(service.find("/security-groups")) == 1


def test_of_two_that_want_the_last_address_one_is_told_so(service):
    network, _ = service.net("10.1.0.0/30")
    wanted = service.door.validate(context(), [{"uuid": network["id"]}], 1)
    results = at_once([lambda server=service.server(wanted): service.allocate(server) for _ in range(2)])
    assert sorted(type(each) for each in results if isinstance(each, Exception)) == [
        exceptions.IpAddressGenerationFailure]


def test_of_two_that_want_one_port_one_gets_it(service):
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])["id"]
    wanted = service.door.validate(context(), [{"port": port}], 1)
    results = at_once([lambda server=service.server(wanted): service.allocate(server) for _ in range(2)])
    assert [type(each) for each in results if isinstance(each, Exception)] == [exceptions.RequestedPortInUse]


def test_of_many_changes_of_one_server_each_waits_for_the_one_before(service, conf):
    conf.set_override("attach_timeout", 0, "compute")
    network, _ = service.net()
    server_id, _ = service.boot([{"uuid": network["id"]}])
    with db.writer() as session:
        session.execute(sa.update(Server).where(Server.id == server_id).values(vm_state="active"))
    interfaces, row = Interfaces(service.door, mock.Mock()), service.row(server_id)
    wanted = {"network": network["id"], "port": None, "fixed_ip": None, "tag": None}
    results = at_once([lambda: interfaces.attach(context(), row, wanted)] * 6)
    assert sorted(type(each).__name__ for each in results) == ["InterfaceAttachLate"] + ["InvalidState"] * 5
    assert len(service.find(f"/ports?device_id={server_id}")) == 2
    service.make("security_group", name="web")
    groups = SecurityGroups(service.door)
    results = at_once([lambda: groups.add(context(), row, "web")] * 4)
    assert sorted(type(each).__name__ for each in results) == ["GroupTwice"] * 3 + ["NoneType"]


def test_the_first_look_of_many_makes_one_default_group(service):
    results = at_once([lambda: service.find("/security-groups") for _ in range(8)])
    assert {each[0]["id"] for each in results} == {service.find("/security-groups")[0]["id"]}


def test_what_holds_on_sqlite_holds_here(service):
    network, subnet = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.7"}])
    assert service.row(server_id).addresses[0]["addr"] == "10.1.0.7"
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 409
    assert service.find(f"/ports?device_id={server_id}&sort_key=name&limit=1")[0]["id"] == nic.port_id
    service.release(server_id)
    assert service.find("/ports") == [] and service.row(server_id).addresses == []
    assert service.call("DELETE", f"/subnets/{subnet['id']}").status_int == 204
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
