"""What hosts get of security groups and address groups, and which changes make it new."""

import contextlib

import pytest

from nova_lite import db
from nova_lite.db import desired_state
from nova_lite.network.embedded import desired_state as channel
from nova_lite.network.rpcapi import NetworkAgentAPI
from nova_lite.objects.desired_group import of_address_group, of_group
from nova_lite.objects.desired_state import of_host
from tests.api.test_statements import counted
from tests.clouds import until
from tests.network_service import context, service  # noqa: F401


def desired(service, scope, since=0):  # noqa: F811
    change, = service.facade.desired_state.changes("host1", {scope: since}, {})
    assert change.scope == scope
    return change


class Group:
    """A security group, of which ``news`` says what is new since it was asked last."""

    def __init__(self, networks, group_id):
        self.service, self.id = networks, group_id
        self.scope = of_group(group_id)
        self.seen = desired(networks, self.scope).revision

    def news(self):
        """(whether rules are new, {port id: addresses} of members, ids of what is gone), in one revision more."""
        change = desired(self.service, self.scope, self.seen)
        assert change.revision - self.seen == bool(change.groups or change.members or change.gone)
        assert not change.whole
        self.seen = change.revision
        return (bool(change.groups), {each.port_id: each.addresses for each in change.members}, change.gone)


NOTHING = False, {}, []


@pytest.fixture
def default(service):  # noqa: F811
    found, = service.find("/security-groups?name=default")
    return Group(service, found["id"])


@pytest.fixture
def web(service):  # noqa: F811
    return Group(service, service.make("security_group", name="web")["id"])


def test_a_new_group_has_its_rules_in_the_form_of_the_api(service, web):  # noqa: F811
    remote = service.make("address_group", name="a", addresses=["10.0.0.0/24"])
    service.make("security_group_rule", security_group_id=web.id, direction="ingress", protocol="TCP",
                 port_range_min=80, port_range_max=81, remote_ip_prefix="10.1.2.3/8")
    service.make("security_group_rule", security_group_id=web.id, direction="egress", ethertype="IPv6",
                 remote_group_id=web.id)
    service.make("security_group_rule", security_group_id=web.id, direction="ingress",
                 remote_address_group_id=remote["id"])
    change = desired(service, web.scope)
    group, = change.groups
    shown = service.find(f"/security-groups/{web.id}")
    assert (change.whole, change.members, group.revision, group.stateful) == (True, [], shown["revision_number"], True)
    names = {"port_min": "port_range_min", "port_max": "port_range_max", "remote_prefix": "remote_ip_prefix",
             "remote_group": "remote_group_id", "remote_addresses": "remote_address_group_id"}
    assert [{name: getattr(rule, name) for name in rule.fields} for rule in group.rules] == [
        {name: each[names.get(name, name)] for name in group.rules[0].fields}
        for each in sorted(shown["security_group_rules"], key=lambda each: each["id"])]


def test_a_rule_that_comes_or_goes_makes_the_group_new(service, web, default):  # noqa: F811
    rule = service.make("security_group_rule", security_group_id=web.id, direction="ingress", protocol="tcp")
    assert web.news() == (True, {}, [])
    service.call("DELETE", f"/security-group-rules/{rule['id']}")
    assert web.news() == (True, {}, [])
    service.call("PUT", f"/security-groups/{web.id}", {"security_group": {"name": "other"}})
    assert (web.news(), default.news()) == (NOTHING, NOTHING)


def test_a_group_that_is_deleted_is_gone_and_so_are_rules_that_named_it(service, web, default):  # noqa: F811
    service.make("security_group_rule", security_group_id=default.id, direction="ingress", remote_group_id=web.id)
    assert default.news() == (True, {}, [])
    before = service.find(f"/security-groups/{default.id}")
    assert service.call("DELETE", f"/security-groups/{web.id}").status_int == 204
    assert web.news() == (False, {}, [web.id]) and default.news() == (True, {}, [])
    group, = desired(service, default.scope).groups
    assert web.id not in {each.remote_group for each in group.rules}
    assert group.revision > before["revision_number"]


def test_a_group_that_is_in_use_stays_as_it_was(service, web):  # noqa: F811
    network, _ = service.net()
    service.make("port", network_id=network["id"], security_groups=[web.id])
    web.news()
    assert service.call("DELETE", f"/security-groups/{web.id}").status_int == 409
    assert web.news() == NOTHING


def test_ports_of_the_network_api_join_and_leave(service, web, default):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.5"}])
    assert default.news() == (False, {port["id"]: ["10.1.0.5"]}, [])
    service.call("PUT", f"/ports/{port['id']}", {"port": {"security_groups": [web.id, default.id]}})
    assert (web.news(), default.news()) == ((False, {port["id"]: ["10.1.0.5"]}, []), NOTHING)
    service.call("PUT", f"/ports/{port['id']}", {"port": {"name": "x", "security_groups": [default.id, web.id]}})
    assert (web.news(), default.news()) == (NOTHING, NOTHING)
    service.call("PUT", f"/ports/{port['id']}", {"port": {"fixed_ips": [{"ip_address": "10.1.0.6"}]}})
    for group in (web, default):
        assert group.news() == (False, {port["id"]: ["10.1.0.6"]}, [])
    service.call("PUT", f"/ports/{port['id']}", {"port": {"security_groups": [web.id]}})
    assert (web.news(), default.news()) == (NOTHING, (False, {}, [port["id"]]))
    assert service.call("DELETE", f"/ports/{port['id']}").status_int == 204
    assert (web.news(), default.news()) == ((False, {}, [port["id"]]), NOTHING)


def test_allowed_address_pairs_of_members_are_their_addresses_too(service, default):  # noqa: F811
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], fixed_ips=[{"ip_address": "10.1.0.5"}],
                        allowed_address_pairs=[{"ip_address": "10.9.0.0/28"}, {"ip_address": "10.1.0.5"}])
    assert default.news()[1] == {port["id"]: ["10.1.0.5", "10.9.0.0/28"]}
    every = [{"ip_address": each} for each in ("0.0.0.0/0", "10.9.0.7/0", "::/0", "::/00")]
    service.call("PUT", f"/ports/{port['id']}", {"port": {"allowed_address_pairs": every}})
    assert default.news()[1] == {port["id"]: ["10.1.0.5"]}, "not the whole world"
    for pairs in ([{"ip_address": "10.1.0.9"}], []):
        answer = service.call("PUT", f"/ports/{port['id']}", {"port": {"allowed_address_pairs": pairs}})
        assert answer.status_int == 200, answer.text
        assert default.news()[1] == {port["id"]: ["10.1.0.5", *(each["ip_address"] for each in pairs)]}
    service.call("PUT", f"/ports/{port['id']}", {"port": {"allowed_address_pairs": []}})
    assert default.news() == NOTHING


def test_many_new_ports_are_one_revision_of_their_group(service, default):  # noqa: F811
    network, _ = service.net()
    answer = service.call("POST", "/ports", {"ports": [{"network_id": network["id"]} for _ in range(3)]})
    rules, members, gone = default.news()
    assert members.keys() == {each["id"] for each in answer.json["ports"]} and not rules and not gone


def test_servers_join_and_leave(service, web, default):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}], groups=["web"])
    service.end(server_id)
    assert nic.security_groups == [web.id]
    ips = [each.ip for each in nic.addresses]
    assert (web.news(), default.news()) == ((False, {nic.port_id: ips}, []), NOTHING)
    service.facade.memberships.join(context(), server_id, "default")
    assert (web.news(), default.news()) == (NOTHING, (False, {nic.port_id: ips}, []))
    service.facade.memberships.leave(context(), server_id, "web")
    assert (web.news(), default.news()) == ((False, {}, [nic.port_id]), NOTHING)
    port_id, ip = service.facade.attachments.add_address(context(), server_id, network["id"])
    assert default.news() == (False, {nic.port_id: [*ips, ip]}, [])
    service.facade.attachments.remove_address(server_id, port_id, ip)
    assert default.news() == (False, {nic.port_id: ips}, [])
    service.release(server_id)
    assert (web.news(), default.news()) == (NOTHING, (False, {}, [nic.port_id]))


def test_a_port_that_is_attached_and_detached_joins_and_leaves(service, web, default):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)
    default.news()
    wanted = {"network": network["id"], "port": None, "fixed_ip": None, "tag": None}
    made = service.facade.attachments.attach(context(), service.row(server_id), wanted)
    assert default.news()[1].keys() == {made}
    service.facade.attachments.detach(server_id, made)
    assert default.news() == (False, {}, [made])
    own = service.make("port", network_id=network["id"], security_groups=[web.id])["id"]
    web.news()
    service.facade.attachments.attach(context(), service.row(server_id), wanted | {"network": None, "port": own})
    service.facade.attachments.detach(server_id, own)
    assert web.news() == NOTHING, "its user's port is a member all the time"


def test_hosts_are_notified_of_groups_that_their_ports_join(service, web):  # noqa: F811
    network, _ = service.net()
    server_id, (nic,) = service.boot([{"uuid": network["id"]}])
    service.end(server_id)

    def port():
        change = desired(service, of_host("host1"))
        return change.revision, change.ports[0].nic
    before, its = port()
    assert its.security_groups == nic.security_groups and its.port_security_enabled
    service.facade.memberships.join(context(), server_id, "web")
    revision, its = port()
    assert (revision, its.security_groups) == (before + 1, sorted([web.id, *nic.security_groups]))
    assert its.revision == service.find(f"/ports/{nic.port_id}")["revision_number"]
    service.call("PUT", f"/ports/{nic.port_id}", {"port": {"security_groups": []}})
    assert port()[1].security_groups == []


def test_an_address_group_has_its_prefixes(service):  # noqa: F811
    made = service.make("address_group", name="a", addresses=["10.0.2.7/24", "10.0.1.0/24"])
    scope, where = of_address_group(made["id"]), f"/address-groups/{made['id']}"

    def now(since=0):
        change = desired(service, scope, since)
        return change.revision, [(each.revision, each.addresses) for each in change.address_groups], change.gone
    assert now() == (1, [(1, ["10.0.1.0/24", "10.0.2.0/24"])], [])
    service.call("PUT", f"{where}/add_addresses", {"addresses": ["fd00::/64"]})
    service.call("PUT", f"{where}/remove_addresses", {"addresses": ["10.0.1.0/24", "10.0.2.0/24"]})
    service.call("PUT", where, {"address_group": {"name": "b"}})
    assert now(1) == (3, [(3, ["fd00::/64"])], [])
    service.call("PUT", f"{where}/remove_addresses", {"addresses": ["fd00::/64"]})
    assert now(3) == (4, [(4, [])], [])
    assert service.call("DELETE", where).status_int == 204
    assert now(4) == (5, [], [made["id"]])


def test_a_group_of_many_members_is_read_page_by_page(service, default, monkeypatch):  # noqa: F811
    monkeypatch.setattr(channel, "_PAGE", 2)
    network, _ = service.net()
    ports = [each["id"] for each in service.call(
        "POST", "/ports", {"ports": [{"network_id": network["id"]} for _ in range(5)]}).json["ports"]]
    found, after, groups = [], {}, 0
    while True:
        change, = service.facade.desired_state.changes("host1", {default.scope: 0}, after)
        found += [each.port_id for each in change.members]
        groups += len(change.groups)
        assert len(change.members) + len(change.groups) <= 2
        if not change.more:
            break
        after = {default.scope: change.revision}
    assert set(found) == set(ports) and groups == 1


# ---- who is notified, and what it costs

@pytest.fixture
def sent(service, monkeypatch):  # noqa: F811
    """[(host, scopes)] of which hosts are notified; not what a service of a test before still sends."""
    found, own = [], service.facade.ports._changes._rpc

    def send(api, _context, host, scopes):
        if api is own:
            found.append((host, scopes))
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed", send)
    return found


def follow(host, *scopes):
    with db.writer() as session:
        desired_state.report(session, host, dict.fromkeys(scopes, (0, None)))


def check(sent, *wanted):
    """Hosts are notified of just this, all at once."""
    until("they are notified", lambda: sent, 10)
    found, sent[:] = sorted(sent), []
    assert found == sorted(wanted)


def test_only_hosts_that_follow_a_group_are_notified(service, web, default, sent):  # noqa: F811
    addresses = of_address_group(service.make("address_group", name="a")["id"])
    follow("h1", web.scope)
    follow("h2", default.scope)
    follow("h3", default.scope, addresses)
    network, _ = service.net()
    port = service.make("port", network_id=network["id"], security_groups=[web.id])
    check(sent, ("h1", [web.scope]))
    server_id, _ = service.boot([{"uuid": network["id"]}] * 2)
    check(sent, ("h2", [default.scope]), ("h3", [default.scope]))
    service.call("PUT", f"/ports/{port['id']}", {"port": {"security_groups": [default.id]}})
    check(sent, ("h1", [web.scope]), ("h2", [default.scope]), ("h3", [default.scope]))
    service.make("security_group_rule", security_group_id=web.id, direction="ingress")
    check(sent, ("h1", [web.scope]))
    service.call("PUT", f"/address-groups/{addresses.partition(':')[2]}/add_addresses", {"addresses": ["::/0"]})
    check(sent, ("h3", [addresses]))
    service.release(server_id)
    check(sent, ("h2", [default.scope]), ("h3", [default.scope]))


def test_hosts_are_notified_once_of_changes_at_once(service, web, default, sent):  # noqa: F811
    follow("h1", web.scope, default.scope)
    network, _ = service.net()
    server_ids = [service.server([{"network": network["id"]}], ["web", "default"]) for _ in range(5)]
    before = {group: group.seen for group in (web, default)}
    for each in server_ids:
        service.allocate(each)
    until("the host is notified", lambda: {scope for _, scopes in sent for scope in scopes} == {
        web.scope, default.scope}, 10)
    assert len(sent) < len(server_ids)
    for group, revision in before.items():
        assert desired(service, group.scope, revision).revision == revision + len(server_ids)


def test_a_change_that_is_undone_notifies_nobody(service, web, default, sent):  # noqa: F811
    follow("h1", web.scope, default.scope)
    network, _ = service.net()
    server_id = service.server([{"network": network["id"]}])
    with contextlib.suppress(ZeroDivisionError), db.writer():
        service.allocate(server_id)
        raise ZeroDivisionError
    service.make("port", network_id=network["id"], security_groups=[web.id])
    check(sent, ("h1", [web.scope]))
    assert default.news() == NOTHING


def test_a_new_port_costs_the_same_however_many_members_its_group_has(service, default):  # noqa: F811
    network, _ = service.net()
    service.make("port", network_id=network["id"])

    def statements():
        server_id = service.server([{"network": network["id"]}])
        with counted(db.session.engine()) as seen:
            service.allocate(server_id)
        return len(seen)
    few = statements()
    for _ in range(10):
        service.make("port", network_id=network["id"])
    assert statements() == few <= 24


def test_a_group_with_members_costs_as_many_statements_as_one_without(service, default, web):  # noqa: F811
    def statements(scopes):
        with counted(db.session.engine()) as seen:
            service.facade.desired_state.changes("host1", dict.fromkeys(scopes, 0), {})
        return len(seen)
    network, _ = service.net()
    service.make("port", network_id=network["id"])
    few = statements([default.scope])
    service.call("POST", "/ports", {"ports": [{"network_id": network["id"], "security_groups": [web.id, default.id]}
                                              for _ in range(5)]})
    assert statements([default.scope, web.scope]) == few
