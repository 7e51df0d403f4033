"""A host has the security groups of its ports, and those that their rules name, on the fake plane."""

import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor.auditor import Auditor
from nova_lite.db.base import now
from nova_lite.db.models.desired_state import Scope
from nova_lite.network.embedded import desired_state as channel
from nova_lite.network.planes import groups
from nova_lite.network.planes.capabilities import PLANES, Capability
from nova_lite.network.planes.known_groups import KnownGroups
from nova_lite.objects.desired_group import AddressGroupChanges, GroupChanges, of_address_group, of_group
from nova_lite.objects.desired_state import of_host, of_network
from tests.clouds import until
from tests.network_service import context, service  # noqa: F401
from tests.unit.test_network_agent import HOST, house, status  # noqa: F401 - house is a fixture

pytestmark = pytest.mark.slow
LATE = 20       # seconds after which what is waited for does not come


@pytest.fixture
def net(house):  # noqa: F811
    return house.service.net()[0]


def group(house, name, *rules):  # noqa: F811
    """The id of a new group without egress rules, and with ``rules``."""
    made = house.service.make("security_group", name=name)
    for each in made["security_group_rules"]:
        house.service.call("DELETE", f"/security-group-rules/{each['id']}")
    for each in rules:
        rule(house, made["id"], **each)
    return made["id"]


def rule(house, group_id, **values):  # noqa: F811
    return house.service.make("security_group_rule", security_group_id=group_id, **{"direction": "ingress", **values})


def boot(house, net, *names):  # noqa: F811
    """The NIC of a server in groups of these names, whose guest comes up."""
    server_id, (nic,) = house.service.boot([{"uuid": net["id"]}], groups=names)
    house.service.end(server_id)
    house.plug(server_id, nic)
    house.agent.look_at_ports()
    return nic


def lets(house, nic, source, port=80):  # noqa: F811
    """Whether a TCP packet from an address reaches a NIC."""
    packet = groups.packet("tcp", source, nic.addresses[0].ip, 40000, port)
    return house.network.allows(nic.port_id, groups.INGRESS, packet)


def works(house, nic):  # noqa: F811
    return house.network.ports()[nic.port_id].works


def known(house):  # noqa: F811
    return house.network.known_groups()


def test_a_port_works_once_the_rules_of_its_groups_are_known(house, net):  # noqa: F811
    group(house, "web", {"protocol": "tcp"})
    house.conductor.away = True
    nic = boot(house, net, "web")
    house.settle()
    assert "security group" in house.network.ports()[nic.port_id].error and not lets(house, nic, "10.1.0.9")
    assert status(house, nic) == "DOWN"
    house.conductor.away = False
    house.sign_of_life()
    until("it works", lambda: status(house, nic) == "ACTIVE", LATE)
    assert lets(house, nic, "10.1.0.9") and house.network.ports()[nic.port_id].error == ""


def test_a_plugged_port_needs_no_sign_of_life_to_get_its_groups(house, net):  # noqa: F811
    nic = boot(house, net)
    until("it works", lambda: status(house, nic) == "ACTIVE", LATE)
    (default,) = known(house).groups
    assert house.in_force()[of_group(default)][1] is None


def test_a_task_that_waits_for_its_port_fetches_the_groups_that_it_needs(house, net):  # noqa: F811
    server_id, (nic,) = house.service.boot([{"uuid": net["id"]}])
    house.plug(server_id, nic)

    def ask(states):
        return {"behind": [key for key, each in states.items() if each is None]}
    house.conductor.away = True
    with pytest.raises(exceptions.PeerAway):
        house.agent.ports.asked_of([nic.port_id], ask)
    house.conductor.away = False
    assert house.agent.ports.asked_of([nic.port_id], ask) == {"behind": []}
    asked = len(house.conductor.asked)
    assert house.agent.ports.asked_of([nic.port_id], ask) == {"behind": []} and len(house.conductor.asked) == asked


def test_a_second_port_of_known_groups_works_at_once(house, net):  # noqa: F811
    boot(house, net)
    house.settle()
    house.conductor.away = True
    assert works(house, boot(house, net))


def test_a_host_follows_what_rules_of_its_groups_name_and_nothing_beyond(house, net):  # noqa: F811
    addresses = house.service.make("address_group", name="a", addresses=["192.0.2.0/24"])["id"]
    beyond = group(house, "beyond")
    remote = group(house, "remote", {"remote_group_id": beyond})
    web = group(house, "web", {"remote_group_id": remote}, {"remote_address_group_id": addresses})
    peer = house.service.make("port", network_id=net["id"], security_groups=[remote])["fixed_ips"][0]["ip_address"]
    nic = boot(house, net, "web")
    house.settle()
    assert house.in_force().keys() - {of_host(HOST), of_network(net["id"])} == {
        of_group(web), of_group(remote), of_address_group(addresses)}
    assert of_group(beyond) not in {scope for asked in house.conductor.asked for scope in asked}
    assert [lets(house, nic, each) for each in (peer, "192.0.2.7", "192.0.3.7")] == [True, True, False]
    first = rule(house, web, remote_group_id=beyond)
    until("it is followed", lambda: of_group(beyond) in house.in_force(), LATE)
    for each in (first, *house.service.find(f"/security-groups/{web}")["security_group_rules"]):
        house.service.call("DELETE", f"/security-group-rules/{each['id']}")
    until("they are followed no more", lambda: house.in_force().keys() == {
        of_host(HOST), of_network(net["id"]), of_group(web)}, LATE)
    assert known(house).groups.keys() == {web} and known(house).addresses == {}


def test_changes_of_members_rules_and_addresses_are_in_force_soon(house, net):  # noqa: F811
    addresses = house.service.make("address_group", name="a")["id"]
    web = group(house, "web", {"remote_address_group_id": addresses})
    rule(house, web, remote_group_id=web)
    nic, peer = boot(house, net, "web"), house.service.make("port", network_id=net["id"], security_groups=[])
    ip = peer["fixed_ips"][0]["ip_address"]
    house.settle()
    assert not lets(house, nic, ip)

    def change(what, **values):
        assert house.service.call("PUT", f"/ports/{peer['id']}", {"port": values}).status_int == 200, what
    change("it joins", security_groups=[web])
    until("a member is let in", lambda: lets(house, nic, ip), LATE)
    change("it moves", fixed_ips=[{"ip_address": "10.1.0.77"}])
    until("its address is", lambda: lets(house, nic, "10.1.0.77") and not lets(house, nic, ip), LATE)
    change("it leaves", security_groups=[])
    until("it is not let in", lambda: not lets(house, nic, "10.1.0.77"), LATE)
    house.service.call("PUT", f"/address-groups/{addresses}/add_addresses", {"addresses": ["10.1.0.77/32"]})
    until("an address of the address group is let in", lambda: lets(house, nic, "10.1.0.77"), LATE)


def test_a_group_that_a_running_server_joins_is_in_force_with_its_rules(house, net):  # noqa: F811
    nic = boot(house, net)
    until("it works", lambda: status(house, nic) == "ACTIVE", LATE)
    web = group(house, "web", {"protocol": "tcp"})
    seen, plane = [], house.network
    apply = plane.apply

    def watched(*given):
        answer = apply(*given)
        seen.append(works(house, nic))
        return answer
    plane.apply = watched
    house.service.facade.memberships.join(context(), house.network.plugged[nic.port_id], "web")
    until("it is let in", lambda: lets(house, nic, "10.1.0.9"), LATE)
    house.settle()
    assert seen and all(seen), "it worked all the time"
    assert web in known(house).groups and status(house, nic) == "ACTIVE"


def test_a_group_whose_last_port_left_and_came_back_is_fetched_again(house, net):  # noqa: F811
    group(house, "web", {"protocol": "tcp"})
    nic = boot(house, net, "web")
    house.settle()
    server_id = house.network.plugged[nic.port_id]
    house.network.unplug([nic])
    house.network.keep(set())
    assert known(house).groups == {}
    house.plug(server_id, nic)
    house.agent.look_at_ports()
    until("it works", lambda: works(house, nic), LATE)


def test_a_change_of_a_group_that_no_port_here_names_asks_nothing(house, net):  # noqa: F811
    other = group(house, "other")
    boot(house, net)
    house.agent.compare()
    house.settle()
    del house.conductor.asked[:]
    rule(house, other)
    house.service.make("port", network_id=net["id"], security_groups=[other])
    house.sign_of_life()
    house.settle()
    assert house.conductor.asked == []


def test_a_change_of_members_asks_for_their_group_alone(house, net):  # noqa: F811
    boot(house, net)
    house.agent.compare()
    house.settle()
    (default,) = known(house).groups
    del house.conductor.asked[:]
    made = house.service.make("port", network_id=net["id"])["id"]
    until("it is known", lambda: made in known(house).groups[default].members, LATE)
    house.settle()
    assert [set(each) for each in house.conductor.asked] == [{of_group(default)}]
    assert all(each > 0 for asked in house.conductor.asked for each in asked.values()), "not the whole list"


def test_many_members_come_page_by_page(house, net, monkeypatch):  # noqa: F811
    nic = boot(house, net)
    house.service.call("POST", "/ports", {"ports": [{"network_id": net["id"]} for _ in range(7)]})
    monkeypatch.setattr(channel, "_PAGE", 2)
    house.agent.compare()
    (default,) = known(house).groups.values()
    assert len(default.members) == 8 and len(default.rules) == 4 and works(house, nic)


def test_a_plane_without_security_groups_follows_none(house, net, monkeypatch):  # noqa: F811
    monkeypatch.setattr(type(house.network), "capabilities", PLANES["fake"] - {Capability.SECURITY_GROUPS})
    nic = boot(house, net)
    house.agent.compare()
    house.settle()
    assert house.in_force().keys() == {of_host(HOST), of_network(net["id"])}
    assert house.network.groups() == {} and status(house, nic) == "ACTIVE"


def test_a_port_that_an_earlier_release_wrote_down_works_and_gets_its_groups(house, net):  # noqa: F811
    server_id, (nic,) = house.service.boot([{"uuid": net["id"]}])
    old = nic.obj_clone()
    old.security_groups = None
    house.plug(server_id, old)
    assert works(house, nic) and lets(house, nic, "10.1.0.9")
    house.agent.compare()
    assert house.port(nic).security_groups == nic.groups and not lets(house, nic, "10.1.0.9")
    house.plug(server_id, old)
    assert house.port(nic).security_groups == nic.groups, "a lease with such a NIC takes nothing away"


def test_a_group_that_cannot_be_applied_is_a_finding(house, net):  # noqa: F811
    boot(house, net)
    house.settle()
    (default,) = known(house).groups
    house.network.fails_with("no space")
    rule(house, default, protocol="udp")
    until("it is reported", lambda: house.in_force()[of_group(default)][1] == "no space", LATE)
    with db.writer() as session:
        session.execute(sa.update(Scope.__table__).values(changed_at=now() - datetime.timedelta(minutes=2)))
    found, = [each for each in Auditor(house.service.facade, repair=False).examine_all()
              if each.kind == "network_not_in_force"]
    assert found.subject == HOST and f"{of_group(default)}: no space" in found.detail


# ---- in files

def changes(house, scope):  # noqa: F811
    change, = house.service.facade.desired_state.changes(HOST, {scope: 0}, {})
    return change


def test_what_is_known_of_groups_outlives_the_service(house, net, tmp_path):  # noqa: F811
    addresses = house.service.make("address_group", name="a", addresses=["192.0.2.0/24"])["id"]
    web = group(house, "web", {"remote_address_group_id": addresses, "protocol": "tcp"})
    house.service.make("port", network_id=net["id"], security_groups=[web])
    directory = tmp_path / "groups"
    store = KnownGroups(str(directory))
    for scope in (of_group(web), of_address_group(addresses)):
        store.take(changes(house, scope))
    again = KnownGroups(str(directory))
    assert again.now == store.now and again.now.groups[web].members and again.now.addresses[addresses]
    (directory / "group-x.json").write_text("{")
    (directory / f"group-{addresses}.json").write_text("[1]")
    assert KnownGroups(str(directory)).now == store.now, "what cannot be read is not known"
    store.keep({web}, set())
    kept = KnownGroups(str(directory)).now
    assert kept.groups.keys() == {web} and kept.addresses == {}


def test_changes_of_what_is_not_known_are_no_rules(house):  # noqa: F811
    store = KnownGroups(None)
    new = {"revision": 3, "whole": True, "more": False}
    store.take(GroupChanges.make(scope=of_group("g"), groups=[], members=[], gone=[], **new))
    store.take(AddressGroupChanges.make(scope=of_address_group("a"), address_groups=[], gone=["a"], **new))
    port = types.SimpleNamespace(port_security=True, security_groups=("g",))
    assert "group g" in groups.missing(port, store.now) and store.now.addresses == {"a": ()}
