"""A host follows what it should have of networks, on the fake driver's network and the embedded network service."""

import contextlib
import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions, rpc
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import desired_state
from nova_lite.db.base import now
from nova_lite.db.models.desired_state import Applied, Scope
from nova_lite.db.network import server_ports as queries
from nova_lite.network import embedded, port_reports
from nova_lite.network.agent import Agent
from nova_lite.network.embedded import desired_state as channel
from nova_lite.network.planes.fake import FakePlane
from nova_lite.network.rpcapi import NetworkAgentAPI
from nova_lite.objects.desired_group import of_group
from nova_lite.objects.desired_router import of_router
from nova_lite.objects.desired_state import of_host, of_network
from tests.clouds import until
from tests.network_service import service  # noqa: F401

HOST = "host1"
SOON = 2        # seconds within which a change is in force


class Conductor:
    """The conductor as a host asks it, without a wire.

    :ivar away: whether it answers nothing.  :ivar answering: called when an answer is ready and not given yet.
    """

    def __init__(self, network):
        self._network = network
        self.away = False
        self.answering = lambda: None
        self.asked = []
        self.seen = []

    def desired_state(self, _context, host, known, after):
        self._answer(known)
        answer = self._network.desired_state.changes(host, known, after)
        self.answering()
        return answer

    def applied(self, _context, host, scopes):
        self._answer(None)
        self._network.desired_state.report(host, scopes)

    def ports_seen(self, _context, host, ports):
        self._answer(None)
        self.seen.append(set(ports))
        return self._network.desired_state.report_ports(host, ports)[0]

    def _answer(self, known):
        if self.away:
            raise exceptions.NoAnswer(method="desired_state", address="conductor")
        if known is not None:
            self.asked.append(known)


class House:
    """A host with an agent, and the service's notifications, which arrive unless they are ``lost``."""

    def __init__(self, networks, conductor):
        self.service, self.conductor = networks, conductor
        self.network = FakePlane(None)
        self.guests = {}
        self.lost = False
        self.restart()

    def restart(self):
        self.agent = Agent(HOST, self.network, self.conductor, lambda ports: {
            each.port_id for each in ports if each.server_id in self.guests})

    def notify(self, _context, host, scopes):
        if host == HOST and not self.lost:
            self.agent.endpoint.desired_state_changed(None, scopes)

    def sign_of_life(self):
        with db.reader() as session:
            self.agent.look(desired_state.stale(session, HOST))

    def boot(self, network):
        """(server id, its NIC), plugged as a build's task does it."""
        server_id, (nic,) = self.service.boot([{"uuid": network["id"]}])
        self.service.end(server_id)
        self.plug(server_id, nic)
        return server_id, nic

    def plug(self, server_id, nic):
        self.network.plug([nic], types.SimpleNamespace(id=server_id, hostname="s", project_id="pa"))
        self.guests[server_id] = 1

    def end(self, server_id):
        """Its guest is gone."""
        del self.guests[server_id]

    def settle(self):
        """Wait until what was plugged has its groups, and all is reported."""
        until("it has settled", lambda: not self.agent._running, 10 * SOON)

    def port(self, nic):
        return self.network.remembered[nic.port_id]

    def address(self, nic):
        found, = self.port(nic).addresses
        return found

    def update(self, kind, resource, **values):
        answer = self.service.call("PUT", f"/{kind}s/{resource['id']}", {kind: values})
        assert answer.status_int == 200, answer.text

    def in_force(self):
        """{scope: (revision, error)} as it was reported."""
        with db.reader() as session:
            return {row.scope: (row.revision, row.error) for row in session.execute(sa.select(Applied.__table__))}


@pytest.fixture
def house(service, monkeypatch):  # noqa: F811
    rpc.init("local://")
    made = House(service, Conductor(service.facade))
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed", made.notify)
    made.agent.compare()
    yield made
    until("nothing is asked any more", lambda: not made.agent._running, 5)
    rpc.cleanup()


@pytest.mark.parametrize(("values", "seen"), [
    ({"dns_nameservers": ["9.9.9.9"]}, {"dns": ["9.9.9.9"]}),
    ({"enable_dhcp": False}, {"dhcp": False}),
    ({"gateway_ip": "10.1.0.254", "allocation_pools": [{"start": "10.1.0.2", "end": "10.1.0.200"}]},
     {"gateway": "10.1.0.254"}),
    ({"gateway_ip": None}, {"gateway": None, "dhcp": True})])
def test_a_changed_subnet_is_in_force_on_running_hosts_soon(house, values, seen):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.update("subnet", subnet, **values)
    until("it is in force", lambda: house.address(nic).items() >= seen.items(), SOON)


def test_a_changed_mtu_is_in_force_on_running_hosts_soon(house):
    network, _ = house.service.net()
    _, nic = house.boot(network)
    house.update("network", network, mtu=1400)
    until("it is in force", lambda: house.port(nic).mtu == 1400, SOON)


def test_a_changed_address_of_a_port_is_in_force_on_running_hosts_soon(house):
    network, _ = house.service.net()
    _, nic = house.boot(network)
    house.service.call("PUT", f"/ports/{nic.port_id}", {"port": {"fixed_ips": [{"ip_address": "10.1.0.77"}]}})
    until("it is in force", lambda: house.address(nic)["ip"] == "10.1.0.77", SOON)


def test_a_network_leaves_nothing_on_a_host_that_has_no_port_of_it(house):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    house.agent.compare()
    assert of_network(network["id"]) in house.in_force()
    house.end(server_id)
    house.network.unplug([nic])
    house.service.release(server_id)
    house.sign_of_life()
    until("it is followed no more", lambda: of_network(network["id"]) not in house.in_force(), SOON)
    assert house.service.call("DELETE", f"/networks/{network['id']}").status_int == 204
    house.agent.compare()
    assert house.network.networks() == [] and list(house.in_force()) == [of_host(HOST)]


def test_a_change_of_no_concern_to_hosts_notifies_none(house):
    network, _ = house.service.net()
    house.boot(network)
    house.agent.compare()
    house.settle()
    del house.conductor.asked[:]
    house.update("network", network, name="other")
    house.sign_of_life()
    assert house.conductor.asked == [] and not house.agent._running


# ---- what is lost, late, doubled or away

def test_a_lost_notification_is_made_good_by_the_next_sign_of_life(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    house.lost = True
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    house.sign_of_life()
    until("it is in force", lambda: house.address(nic)["dns"] == ["9.9.9.9"], SOON)


def test_a_change_that_no_message_announced_is_found_by_the_comparison(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    house.lost = True
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    house.network.remembered.clear()         # and the host lost what it had
    house.agent.compare()
    assert house.address(nic)["dns"] == ["9.9.9.9"]


def test_a_conductor_that_was_away_costs_nothing(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    house.conductor.away = True
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    until("it was asked in vain", lambda: not house.agent._running, SOON)
    assert house.address(nic)["dns"] == []
    with pytest.raises(exceptions.NoAnswer):
        house.agent.compare()
    assert house.port(nic).server_id, "what it has stays"
    house.conductor.away = False
    house.sign_of_life()
    until("it is in force", lambda: house.address(nic)["dns"] == ["9.9.9.9"], SOON)


def test_a_restart_has_the_newest_state_whatever_was_notified_meanwhile(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.lost = True
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    house.restart()
    house.agent.look([of_network(network["id"])])       # comes before the agent has compared: that will do
    house.agent.compare()
    assert house.address(nic)["dns"] == ["9.9.9.9"] and not house.agent._running


def test_notifications_that_are_doubled_and_out_of_order_end_with_the_newest_state(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    for last in range(5, 10):
        house.update("subnet", subnet, dns_nameservers=[f"9.9.9.{last}"])
        house.agent.look([of_network(network["id"]), of_host(HOST), of_network("unknown")])
    until("it is in force", lambda: house.address(nic)["dns"] == ["9.9.9.9"], SOON)
    until("it has settled", lambda: not house.agent._running, SOON)
    assert of_network("unknown") not in house.in_force()
    assert len(house.conductor.asked) < 10, "several notifications are one question"


@pytest.mark.slow
def test_two_conductors_give_the_same_answers(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    first, second = house.conductor, Conductor(house.service.facade)
    for number in range(4):
        house.agent._conductor = (first, second)[number % 2]
        house.update("subnet", subnet, dns_nameservers=[f"9.9.9.{number + 1}"])
        until("it is in force", lambda: house.address(nic)["dns"] == [f"9.9.9.{number + 1}"], SOON)  # noqa: B023
    until("it has settled", lambda: not house.agent._running, SOON)
    with db.reader() as session:
        assert desired_state.stale(session, HOST) == []


# ---- tasks of the host, which plug and unplug by themselves

def test_a_port_that_a_task_plugged_is_followed_from_the_next_sign_of_life(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.sign_of_life()
    until("it is in force", lambda: house.in_force().get(of_network(network["id"])), SOON)
    assert house.in_force()[of_host(HOST)] == (1, None)
    assert house.port(nic).revisions == nic.revisions


def test_a_port_that_is_plugged_while_an_older_answer_is_under_way_stays(house):
    network, _ = house.service.net()
    made = []
    house.conductor.answering = lambda: made or made.append(house.boot(network))
    house.agent.compare()
    nic = made[0][1]
    assert house.network.plugged == {nic.port_id: made[0][0]}
    house.end(made[0][0])
    house.agent.compare()
    assert nic.port_id in house.network.plugged, "the next answer knows it"


def test_a_port_that_is_unplugged_while_an_older_answer_is_under_way_does_not_come_back(house):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)

    def unplug():
        house.conductor.answering = lambda: None
        house.network.unplug([nic])
    house.conductor.answering = unplug
    house.agent.compare()
    assert house.network.plugged == {}
    assert house.in_force()[of_host(HOST)] == (0, "changed meanwhile"), "so it is asked again"
    house.service.release(server_id)
    house.sign_of_life()
    until("it is in force", lambda: house.in_force()[of_host(HOST)] == (2, None), SOON)
    assert house.network.plugged == {}


@pytest.mark.parametrize("ask", ["compare", "sync"])
def test_a_port_that_is_unplugged_before_its_operation_ends_does_not_come_back(house, ask):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    if ask == "sync":
        house.agent._known[of_host(HOST)] = 0
    house.end(server_id)
    house.network.unplug([nic])
    house.agent.compare() if ask == "compare" else house.agent._sync({of_host(HOST)})
    assert house.network.plugged == {}, "the database names it until the operation has ended"
    house.service.release(server_id)
    house.agent.compare()
    assert house.network.plugged == {} and house.network._local.unplugged == set()


def test_a_port_that_was_unplugged_comes_with_the_task_that_plugs_it_again(house):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    house.network.unplug([nic])
    house.agent.compare()
    house.plug(server_id, nic)
    house.agent.compare()
    assert house.network.plugged == {nic.port_id: server_id} and house.network._local.unplugged == set()


def test_a_task_with_an_older_lease_overwrites_nothing_newer(house):
    network, subnet = house.service.net()
    server_id, nic = house.boot(network)
    old = nic.obj_clone()
    house.service.call("PUT", f"/ports/{nic.port_id}", {"port": {"fixed_ips": [{"ip_address": "10.1.0.77"}]}})
    until("it is in force", lambda: house.address(nic)["ip"] == "10.1.0.77", SOON)
    house.plug(server_id, old)
    assert house.address(nic)["ip"] == "10.1.0.77"


def test_a_task_with_the_newest_revision_may_plug_a_port_with_fewer_addresses(house):
    """As the removal of an address does before it is in the database."""
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    house.agent.compare()
    bare = nic.obj_clone()
    bare.addresses = []
    house.plug(server_id, bare)
    assert house.port(nic).addresses == ()
    house.sign_of_life()
    house.agent._sync({of_host(HOST)})
    assert house.port(nic).addresses == ()


def test_a_port_that_is_gone_stays_while_a_guest_here_has_it(house):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    house.agent.compare()
    with db.writer() as session:
        queries.place_ports(session, server_id, "host2")
    house.agent._sync({of_host(HOST)})
    assert house.network.plugged == {nic.port_id: server_id}
    house.end(server_id)
    house.agent.compare()
    assert house.network.plugged == {}


def test_a_port_that_no_task_plugged_comes_all_the_same(house):
    network, _ = house.service.net()
    server_id, (nic,) = house.service.boot([{"uuid": network["id"]}])
    house.agent.compare()
    assert house.network.plugged == {nic.port_id: server_id} and house.port(nic).hostname == "s"


def test_a_task_with_a_lease_older_than_a_change_of_its_network_plugs_the_newest(house):
    network, subnet = house.service.net()
    house.boot(network)
    server_id, (nic,) = house.service.boot([{"uuid": network["id"]}])
    house.agent.compare()
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    until("it is in force", lambda: house.address(nic)["dns"] == ["9.9.9.9"], SOON)
    house.plug(server_id, nic)
    assert house.address(nic)["dns"] == ["9.9.9.9"]


# ---- what is reported

def test_a_network_that_cannot_be_applied_is_reported_and_tried_again(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    before, scope = house.in_force(), of_network(network["id"])
    house.network.fails_with("no space")
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    until("it is reported", lambda: house.in_force()[scope] == (before[scope][0], "no space"), SOON)
    until("it has settled", lambda: not house.agent._running, SOON)
    house.network.works()
    house.sign_of_life()
    until("it is in force", lambda: house.in_force()[scope] == (before[scope][0] + 1, None), SOON)
    assert house.address(nic)["dns"] == ["9.9.9.9"]


def groups(house):
    """The scopes of the security groups of pa."""
    return {of_group(each["id"]) for each in house.service.find("/security-groups")}


def test_a_host_learns_nothing_of_another_hosts_ports(house):
    with pytest.raises(exceptions.Forbidden):
        house.service.facade.desired_state.changes("host2", {of_host(HOST): 0}, {})


def test_a_host_asks_for_many_changes_page_by_page(house, monkeypatch):
    monkeypatch.setattr(channel, "_PAGE", 2)
    networks = [house.service.net(f"10.{number}.0.0/24")[0] for number in range(1, 4)]
    nics = {house.service.boot([{"uuid": each["id"]}])[1][0].port_id for each in networks for _ in range(2)}
    house.agent.compare()
    assert house.network.plugged.keys() == nics
    assert house.in_force().keys() == {of_host(HOST), *(of_network(each["id"]) for each in networks), *groups(house)}


def test_a_host_asks_for_one_large_change_page_by_page(house, monkeypatch):
    """Ports that one transaction made are of one revision."""
    monkeypatch.setattr(channel, "_PAGE", 2)
    network, _ = house.service.net()
    _, nics = house.service.boot([{"uuid": network["id"]}] * 7)
    sizes, ask = [], house.conductor.desired_state

    def asked(*arguments):
        answer = ask(*arguments)
        sizes.append(sum(len(getattr(each, name, ())) for each in answer for name in (
            "ports", "networks", "groups", "members", "gone")))
        return answer
    house.conductor.desired_state = asked
    house.agent.compare()
    assert house.network.plugged.keys() == {each.port_id for each in nics}
    assert max(sizes) == 2 and len(sizes) >= 4
    with db.reader() as session:
        assert desired_state.stale(session, HOST) == []


# ---- what it costs

def test_a_transaction_notifies_each_host_once(service, monkeypatch):  # noqa: F811
    sent = []
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed",
                        lambda _api, _context, host, scopes: sent.append((host, scopes)))
    network, _ = service.net()
    for host in ("h1", "h2", "h1"):
        wanted = service.facade.validate(types.SimpleNamespace(project_id="pa", is_admin=True), [], 1, ())
        assert wanted == []
        service.allocate(service.server([{"network": network["id"]}]), host)
    assert sent == [], "a build's task knows its ports"
    subnets = [{"network_id": network["id"], "ip_version": 4, "cidr": f"10.{each}.0.0/24"} for each in (7, 8)]
    assert service.call("POST", "/subnets", {"subnets": subnets}).status_int == 201
    assert sent == [(host, [of_network(network["id"])]) for host in ("h1", "h2")]


def test_an_undone_change_notifies_nobody(service, monkeypatch):  # noqa: F811
    sent = []
    monkeypatch.setattr(NetworkAgentAPI, "desired_state_changed", lambda *_: sent.append(1))
    network, _ = service.net()
    service.boot([{"uuid": network["id"]}])
    with contextlib.suppress(ZeroDivisionError), db.writer() as session:
        embedded.Changes().network(session, network["id"])
        raise ZeroDivisionError
    assert sent == []


# ---- what a host must not say or ask

def refused(ask, *arguments):
    with pytest.raises((exceptions.Forbidden, exceptions.BadRequest)):
        ask(HOST, *arguments)


@pytest.mark.parametrize("revision", [-1, 2 ** 63, "1", 1.5, None, [1]], ids=str)
def test_a_revision_that_is_no_number_of_a_column_is_refused(house, revision):
    own, state, before = of_host(HOST), house.service.facade.desired_state, house.in_force()
    refused(state.changes, {own: revision}, {})
    refused(state.changes, {own: 0}, {own: revision})
    refused(state.report, {own: [revision, None]})
    assert house.in_force() == before


def test_a_host_neither_asks_for_nor_reports_of_another_hosts_scope(house):
    other, state, before = of_host("host2"), house.service.facade.desired_state, house.in_force()
    refused(state.changes, {other: 0}, {})
    refused(state.changes, {of_host(HOST): 0}, {other: 1})
    refused(state.report, {other: [1, None]})
    refused(state.report, {of_host(HOST): [1, None], other: None})
    assert house.in_force() == before


def test_a_question_or_report_of_too_many_scopes_is_refused(house):
    state, many = house.service.facade.desired_state, [of_network(str(number)) for number in range(501)]
    refused(state.changes, dict.fromkeys(many, 0), {})
    refused(state.report, {each: [1, None] for each in many})


def test_nothing_is_kept_of_networks_that_never_were(house):
    network, _ = house.service.net()
    before = house.in_force()
    house.service.facade.desired_state.report(HOST, {of_network("never"): [1, None], of_network(network["id"]): [
        7, "x" * 5000]})
    assert house.in_force() == before | {of_network(network["id"]): (7, "x" * 1000)}


def test_a_host_with_many_networks_reports_them_in_parts(house, monkeypatch):
    said = []
    monkeypatch.setattr(house.conductor, "applied", lambda _context, host, scopes: said.append(scopes))
    scopes = {of_network(str(number)): [1, None] for number in range(450)}
    house.agent._report(scopes)
    assert [len(each) for each in said] == [200, 200, 50]
    assert {scope: each for some in said for scope, each in some.items()} == scopes


def status(house, nic):
    """The status that the network API shows."""
    return house.service.find(f"/ports/{nic.port_id}")["status"]


def test_a_port_is_active_while_its_host_says_that_it_works(house):
    network, _ = house.service.net()
    server_id, nic = house.boot(network)
    assert status(house, nic) == "DOWN"
    house.agent.look_at_ports()
    until("it works", lambda: status(house, nic) == "ACTIVE", SOON)
    house.network.devices = set()
    house.agent.look_at_ports()
    until("its device is gone", lambda: status(house, nic) == "DOWN", SOON)
    house.network.devices = {nic.mac}
    house.agent.look_at_ports()
    until("it is back", lambda: status(house, nic) == "ACTIVE", SOON)
    house.network.unplug([nic])
    house.service.facade.release(server_id)
    assert house.service.find("/ports") == []


@pytest.mark.slow
def test_a_port_is_active_once_its_newest_revision_is_in_force(house):
    network, subnet = house.service.net()
    _, nic = house.boot(network)
    house.network.fails_with("no space")
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    until("it has settled", lambda: not house.agent._running, SOON)
    house.agent.look_at_ports()
    until("it has settled", lambda: not house.agent._running, SOON)
    assert status(house, nic) == "DOWN"
    house.network.works()
    house.sign_of_life()
    until("it is in force", lambda: status(house, nic) == "ACTIVE", SOON)
    house.update("subnet", subnet, dns_nameservers=["9.9.9.10"])
    assert status(house, nic) == "ACTIVE", "what it has works on"


def test_a_host_that_has_an_older_revision_of_a_port_is_behind(house):
    network, _ = house.service.net()
    server_id, (nic,) = house.service.boot([{"uuid": network["id"]}])
    assert house.service.works(nic, since=(nic.revision, 0)) == ([nic.port_id], []) and status(house, nic) == "DOWN"
    assert house.service.works(nic, since=nic.revisions) == ([], [server_id]) and status(house, nic) == "ACTIVE"
    assert house.service.works(nic, host="elsewhere", since=None) == ([], []) and status(house, nic) == "ACTIVE"


def test_only_what_is_news_of_ports_is_reported(house, monkeypatch):
    network, _ = house.service.net()
    nics = [house.boot(network)[1] for _ in range(3)]
    house.agent._fetch_missing()
    house.agent.ports.report()
    assert house.conductor.seen == [{each.port_id for each in nics}]
    for _ in range(2):
        house.agent.ports.report()
    assert len(house.conductor.seen) == 1
    house.conductor.away = True
    house.network.devices = {nics[0].mac}
    with pytest.raises(exceptions.PeerAway):
        house.agent.ports.report()
    house.conductor.away = False
    house.sign_of_life()
    until("it is made good", lambda: len(house.conductor.seen) == 2, SOON)
    assert house.conductor.seen[1] == {each.port_id for each in nics[1:]}
    monkeypatch.setattr(port_reports, "_AT_ONCE", 2)
    house.agent.compare()
    assert [len(each) for each in house.conductor.seen[2:]] == [2, 1], "the comparison reports everything, in parts"


def test_nothing_is_written_where_nothing_is_new_of_ports(house):
    network, _ = house.service.net()
    _, nic = house.boot(network)
    house.agent.compare()
    with db.writer() as session:
        statements = []
        sa.event.listen(session.connection(), "before_cursor_execute",
                        lambda _c, _cursor, text, *_rest: statements.append(text))
        house.service.works(nic)
    assert statements and not [each for each in statements if each.startswith("UPDATE")]


def test_what_is_not_in_force_for_a_minute_is_a_finding(house):
    network, subnet = house.service.net()
    house.boot(network)
    house.agent.compare()
    house.network.fails_with("no space")
    house.update("subnet", subnet, dns_nameservers=["9.9.9.9"])
    until("it is reported", lambda: house.in_force()[of_network(network["id"])][1] == "no space", SOON)
    auditor = Auditor(house.service.facade, repair=False)
    assert not [each for each in auditor.examine_all() if each.kind == "network_not_in_force"]
    with db.writer() as session:
        session.execute(sa.update(Scope.__table__).values(changed_at=now() - datetime.timedelta(minutes=2)))
    found, = [each for each in auditor.examine_all() if each.kind == "network_not_in_force"]
    assert found.subject == HOST and f"network:{network['id']}: no space" in found.detail


# ---- routers

def routed(house, *networks, **values):
    """A router with an interface on the subnet of each (network, subnet)."""
    router = house.service.make("router", **values)
    for _, subnet in networks:
        connect(house, router, subnet)
    return router


def connect(house, router, subnet, act="add"):
    answer = house.service.call("PUT", f"/routers/{router['id']}/{act}_router_interface", {"subnet_id": subnet["id"]})
    assert answer.status_int == 200, answer.text


def test_a_host_follows_the_routers_of_its_networks_and_all_that_these_lead_to(house):
    near, far, beyond = (house.service.net(cidr=f"10.{each}.0.0/24") for each in (1, 2, 3))
    house.boot(near[0])
    router = routed(house, near, far)
    until("the router is known", lambda: router["id"] in house.network.routing.routers, SOON)
    until("all of it is in force", lambda: house.in_force().keys() == {
        of_host(HOST), of_network(near[0]["id"]), of_network(far[0]["id"]), of_router(router["id"]),
        *groups(house)}, SOON)
    port = house.service.make("port", network_id=far[0]["id"])
    second = house.service.make("router")
    answer = house.service.call("PUT", f"/routers/{second['id']}/add_router_interface", {"port_id": port["id"]})
    assert answer.status_int == 200
    connect(house, second, beyond[1])
    until("so is the next", lambda: {of_router(second["id"]), of_network(beyond[0]["id"])} <= house.in_force().keys(),
          SOON)
    connect(house, router, far[1], "remove")
    until("both are left", lambda: house.in_force().keys() == {
        of_host(HOST), of_network(near[0]["id"]), of_router(router["id"]), *groups(house)}, SOON)
    assert set(house.network.routing.routers) == {router["id"]}


def test_a_router_s_changes_and_floating_ips_are_in_force_soon(house):
    network, subnet = house.service.net()
    public = house.service.make("network", "admin", **{"router:external": True})
    house.service.make("subnet", "admin", network_id=public["id"], cidr="172.24.4.0/24", ip_version=4)
    _, nic = house.boot(network)
    router = routed(house, (network, subnet), external_gateway_info={"network_id": public["id"]})
    address = house.service.make("floatingip", floating_network_id=public["id"], port_id=nic.port_id)
    known = house.network.routing

    def translated():
        return {each.ip: each.fixed_ip for each in known.floating.get(router["id"], {}).values()}
    until("it is translated", lambda: translated() == {address["floating_ip_address"]: nic.addresses[0].ip}, SOON)
    assert of_network(public["id"]) not in house.in_force(), "an external network is followed for its own ports alone"
    house.service.call("PUT", f"/floatingips/{address['id']}", {"floatingip": {"port_id": None}})
    until("it is not", lambda: translated() == {}, SOON)
    house.update("router", router, admin_state_up=False)
    until("it is down", lambda: not known.routers[router["id"]].admin_state_up, SOON)


def test_a_host_whose_last_guest_left_and_another_came_at_once_has_the_router(house):
    network, subnet = house.service.net()
    server_id, nic = house.boot(network)
    router = routed(house, (network, subnet))
    until("the router is known", lambda: router["id"] in house.network.routing.routers, SOON)
    house.end(server_id)
    house.network.unplug([nic])
    house.service.release(server_id)
    house.boot(network)
    house.sign_of_life()
    house.agent.compare()
    assert set(house.network.routing.routers) == {router["id"]}


def test_a_task_that_waits_for_its_port_fetches_the_router_of_its_network(house):
    network, subnet = house.service.net()
    router = routed(house, (network, subnet))
    server_id, (nic,) = house.service.boot([{"uuid": network["id"]}])
    house.plug(server_id, nic)
    house.agent.ports.asked_of([nic.port_id], lambda states: {"behind": []})
    assert set(house.network.routing.routers) == {router["id"]}
