"""Ports under races on PostgreSQL and MariaDB: many transactions at once, every address given once."""

from unittest import mock

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import retry
from nova_lite.compute.actions.interfaces import Interfaces
from nova_lite.compute.actions.security_groups import SecurityGroups
from nova_lite.db.models.servers import Server
from nova_lite.network import exceptions
from tests.api.test_network_bulk import (  # noqa: F401
    bulk,
    test_a_bulk_request_is_checked_against_the_quota_as_a_whole,
    test_a_bulk_request_with_one_bad_resource_creates_none,
    test_an_operator_sets_the_quota_of_a_project,
    test_one_bulk_request_creates_several_resources_of_each_kind,
)
from tests.api.test_network_changes import (  # noqa: F401
    bound,
    test_a_childs_change_raises_its_parents_revision,
    test_a_servers_port_gets_and_loses_addresses_and_its_host_is_notified,
    test_a_servers_port_is_deleted_with_its_nic,
    test_a_stale_revision_in_if_match_refuses_changes_and_deletes,
)
from tests.api.test_network_extras import test_every_kind_of_network_resource_has_tags  # noqa: F401
from tests.api.test_network_lists import (  # noqa: F401
    some,
    test_changes_since_a_time_are_found,
    test_lists_filter_by_every_attribute_that_is_shown,
    test_lists_sort_by_every_attribute_that_is_shown,
    test_network_lists_page_backwards,
    test_ports_are_found_by_their_state_address_and_groups,
    test_resources_are_found_by_tags,
)
from tests.live import databases
from tests.live.databases import at_once
from tests.network_service import Service, context


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def service(conf, url):
    with databases.connected(conf, url):
        yield Service()


def allocated(service, server):
    """What a deadlock undid is asked for again, as hosts do it.  InnoDB has them where two insert the same key."""
    return retry.while_undone(lambda: service.allocate(server))


def test_no_two_of_many_concurrent_builds_get_the_same_address(service):
    network, _ = service.net("10.1.0.0/27")
    wanted = service.facade.validate(context(), [{"uuid": network["id"]}], 1)
    servers = [service.server(wanted) for _ in range(24)]
    results = []
    for start in range(0, 24, 8):
        results += at_once([lambda server=each: allocated(service, server) for each in servers[start:start + 8]])
    assert [each for each in results if isinstance(each, Exception)] == []
    assert len({nics[0].addresses[0].ip for nics in results}) == 24
    assert len(service.find("/security-groups")) == 1


def test_one_of_two_builds_that_want_the_last_address_is_refused(service):
    network, _ = service.net("10.1.0.0/30")
    wanted = service.facade.validate(context(), [{"uuid": network["id"]}], 1)
    results = at_once([lambda server=service.server(wanted): allocated(service, server) for _ in range(2)])
    assert sorted(type(each) for each in results if isinstance(each, Exception)) == [
        exceptions.IpAddressGenerationFailure]


def test_one_of_two_builds_that_want_the_same_port_gets_it(service):
    network, _ = service.net()
    port = service.make("port", network_id=network["id"])["id"]
    wanted = service.facade.validate(context(), [{"port": port}], 1)
    results = at_once([lambda server=service.server(wanted): allocated(service, server) for _ in range(2)])
    assert [type(each) for each in results if isinstance(each, Exception)] == [exceptions.RequestedPortInUse]


def test_concurrent_attachments_to_one_server_run_one_after_the_other(service, conf):
    conf.set_override("attach_timeout", 0, "compute")
    network, _ = service.net()
    server_id, _ = service.boot([{"uuid": network["id"]}])
    with db.writer() as session:
        session.execute(sa.update(Server).where(Server.id == server_id).values(vm_state="active"))
    interfaces, row = Interfaces(service.facade, mock.Mock()), service.row(server_id)
    wanted = {"network": network["id"], "port": None, "fixed_ip": None, "tag": None}
    results = at_once([lambda: interfaces.attach(context(), row, wanted)] * 6)
    assert sorted(type(each).__name__ for each in results) == ["InvalidState"] * 5 + ["str"]
    assert len(service.find(f"/ports?device_id={server_id}")) == 2
    service.make("security_group", name="web")
    groups = SecurityGroups(service.facade)
    results = at_once([lambda: groups.add(context(), row, "web")] * 4)
    assert sorted(type(each).__name__ for each in results) == ["GroupTwice"] * 3 + ["NoneType"]


def test_concurrent_first_requests_of_a_project_make_one_default_group(service):
    results = at_once([lambda: service.find("/security-groups") for _ in range(8)])
    assert {each[0]["id"] for each in results} == {service.find("/security-groups")[0]["id"]}


def test_ports_of_a_server_are_allocated_found_and_released_on_this_database(service):
    network, subnet = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"], "fixed_ip": "10.1.0.7"}])
    assert service.row(server_id).addresses[0]["addr"] == "10.1.0.7"
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 409
    assert service.find(f"/ports?device_id={server_id}&sort_key=name&limit=1")[0]["id"] == nic.port_id
    service.release(server_id)
    assert service.find("/ports") == [] and service.row(server_id).addresses == []
    assert service.call("DELETE", f"/subnets/{subnet['id']}").status_int == 204
    assert service.call("DELETE", f"/networks/{network['id']}").status_int == 204
