"""The desired state of hosts: networks, ports, routers and groups, their changes, and notifications of these."""

import logging
import threading

from nova_lite import db
from nova_lite.common import concurrency, exceptions, integers
from nova_lite.common import context as contexts
from nova_lite.db import desired_state
from nova_lite.db.network import group_scopes, host_ports, host_scopes, port_status
from nova_lite.db.network import routers as router_queries
from nova_lite.network.embedded import desired_groups, desired_routers
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.rpcapi import NetworkAgentAPI
from nova_lite.objects.desired_group import of_address_group, of_group
from nova_lite.objects.desired_router import RouterChanges, of_router
from nova_lite.objects.desired_state import (
    DesiredNetwork,
    DesiredPort,
    DesiredSubnet,
    ScopeChanges,
    of_host,
    of_network,
)

LOG = logging.getLogger(__name__)
_PAUSE = 0.1        # seconds for which notifications of groups are collected
_PAGE = 500         # resources in one answer
_MOST = 500         # scopes in one call
_LONGEST = 1000     # characters of an error that a host reports


class DesiredState:
    """What hosts fetch of their desired state, and report of what is in force."""

    def changes(self, host, known, after):
        """[objects.ScopeChanges] of every scope of ``known``, bodies as they are now; of a router's, RouterChanges, of
        a group's GroupChanges or AddressGroupChanges.

        :param known, after: as for ``db.desired_state.changes``.
        :raises Forbidden: a scope is another host's.  :raises BadRequest: malformed, or too many scopes.
        """
        _check(host, known, known.values())
        _check(host, after, after.values())
        with db.snapshot() as session:
            parts = desired_state.changes(session, known, after, _PAGE)
            ports, networks = _ports(session, host, parts), _networks(session, parts)
            routers = desired_routers.bodies(session, _named(parts, desired_state.ROUTER))
            floating = desired_routers.floating_ips(session, _named(parts, desired_state.FLOATING_IP))
            groups = desired_groups.bodies(session, _named(parts, desired_state.GROUP))
            members = desired_groups.members(session, _named(parts, desired_state.MEMBER))
            addresses = group_scopes.addresses(session, _named(parts, desired_state.ADDRESS_GROUP))
        made = {"router": lambda part: _router_changes(part, routers, floating),
                "group": lambda part: desired_groups.group_changes(part, groups, members),
                "address_group": lambda part: desired_groups.address_group_changes(part, addresses)}
        return [made.get(part.scope.partition(":")[0], lambda part: _scope_changes(part, ports, networks))(part)
                for part in parts]

    def report(self, host, applied):
        """Record what is in force at a host; ``applied`` as for ``db.desired_state.report``.

        Scopes of networks that do not exist are ignored: one may have been deleted meanwhile.
        :raises Forbidden, BadRequest: as ``changes``.
        """
        said = {scope: each for scope, each in applied.items() if each is not None}
        _check(host, applied, [revision for revision, _ in said.values()])
        applied = applied | {scope: (revision, error and str(error)[:_LONGEST])
                             for scope, (revision, error) in said.items()}
        with db.writer(relaxed=True) as session:
            left_out = said.keys() - _there(session, host, said)
            desired_state.report(session, host, {
                scope: each for scope, each in applied.items() if scope not in left_out})

    def report_ports(self, host, states):
        """Record which ports work at a host; those that do are ACTIVE.

        :param states: as for ``db.network.port_status.seen``, of at most so many ports as scopes fit into one report.
        :returns: (ids of those that do not work yet because an older revision is in force, ids of the servers of those
            that have come to work)
        :raises BadRequest: malformed, or too many ports.
        """
        known = {key: tuple(state) for key, state in states.items() if state is not None}
        if len(states) > _MOST or not all(len(each) == 2 and all(isinstance(one, int) for one in each)
                                          for each in known.values()):
            raise exceptions.BadRequest(f"{host} names {len(states)} ports; at most {_MOST} with two revisions each.")
        with db.writer(relaxed=True) as session:
            return port_status.seen(session, host, dict.fromkeys(states) | known)


def _check(host, scopes, revisions):
    """:raises Forbidden: a scope is another host's.  :raises BadRequest: there are too many, or no revisions."""
    if any(scope.startswith(of_host("")) and scope != of_host(host) for scope in scopes):
        raise exceptions.Forbidden
    if len(scopes) > _MOST:
        raise exceptions.BadRequest(f"{host} names {len(scopes)} scopes; at most {_MOST} are answered at once.")
    if not all(isinstance(each, int) and 0 <= each <= integers.MOST_BIG for each in revisions):
        raise exceptions.BadRequest(f"{host} names a revision that is no whole number from 0 to {integers.MOST_BIG}.")


def _there(session, host, scopes):
    """Those of ``scopes`` that a host can have something of."""
    found = desired_state.present(session, scopes) | {of_host(host)}
    return found | set(map(of_network, host_ports.networks(session, [
        scope.removeprefix(of_network("")) for scope in set(scopes) - found])))


def _named(parts, kind):
    return sorted({each for part in parts for of_kind, each, gone in part.resources if of_kind == kind and not gone})


def _ports(session, host, parts):
    """{port id: DesiredPort}"""
    ids = _named(parts, desired_state.PORT)
    found, addresses = host_ports.on(session, host, ids) if ids else ((), {})
    groups = group_scopes.of_ports(session, [port.id for port in found])
    limits = info_cache.qos_limits(session, found)
    return {port.id: DesiredPort.make(
        nic=info_cache.nic(port, addresses.get(port.id, ()), groups.get(port.id, ()), limits), server_id=port.server_id,
        project_id=port.server_project, hostname=port.hostname) for port in found}


def _networks(session, parts):
    """{network id: DesiredNetwork}"""
    ids = _named(parts, desired_state.NETWORK)
    found, subnets = host_ports.with_subnets(session, ids) if ids else ((), {})
    routers = router_queries.with_interfaces(session, ids) if ids else {}
    return {row.id: DesiredNetwork.make(
        id=row.id, revision=row.revision, mtu=row.mtu, routers=routers.get(row.id, []),
        subnets=[_subnet(each, row.admin_state_up) for each in subnets.get(row.id, ())]) for row in found}


def _subnet(row, has_dhcp):
    """:param has_dhcp: whether the network's subnets have DHCP at all."""
    return DesiredSubnet.make(id=row.id, cidr=row.cidr, gateway=row.gateway_ip, dns=row.dns_nameservers,
                              dhcp=bool(has_dhcp and row.enable_dhcp),
                              host_access=bool(row.host_access), routes=info_cache.routes(row.host_routes),
                              ra_mode=row.ipv6_ra_mode, address_mode=row.ipv6_address_mode)


def _scope_changes(part, ports, networks):
    """What is in the index and not in its own table is gone."""
    ids = [each for _, each, _ in part.resources]
    return ScopeChanges.make(
        scope=part.scope, revision=part.revision, whole=part.whole, more=part.more,
        ports=[ports[each] for each in ids if each in ports],
        networks=[networks[each] for each in ids if each in networks],
        gone=[each for each in ids if each not in ports and each not in networks])


def _router_changes(part, routers, floating):
    """A floating IP that another router translates by now is gone from this one's scope."""
    ids = [each for _, each, _ in part.resources]
    here = {key: each for key, each in floating.items() if of_router(each.router_id) == part.scope}
    return RouterChanges.make(
        scope=part.scope, revision=part.revision, whole=part.whole, more=part.more,
        routers=[routers[each] for each in ids if each in routers],
        floating_ips=[here[each] for each in ids if each in here],
        gone=[each for each in ids if each not in routers and each not in here])


class Changes:
    """Records what a transaction changes in hosts' desired state, and notifies each host once after the commit."""

    def __init__(self):
        self._rpc = NetworkAgentAPI()
        self._waiting = {}          # host -> scopes of groups that it is to be notified of soon
        self._guard = threading.Lock()

    def network(self, session, network_id):
        """Record that a network or its subnets have changed, and so the routers that have ports on it."""
        self.routed(session, network_id)
        for router_id in router_queries.on_network(session, network_id):
            self.router(session, router_id)

    def routed(self, session, network_id):
        """Record that a network has changed in what is nothing to its routers, such as which these are."""
        scope = of_network(network_id)
        desired_state.changed(session, scope, desired_state.NETWORK, [network_id])
        self.notify(session, {*host_ports.hosts_of(session, network_id), *desired_state.followers(session, scope)},
                    scope)

    def network_gone(self, session, network_id):
        """Record that a network is deleted; no host has anything of it, since it had no port."""
        desired_state.gone(session, of_network(network_id), desired_state.NETWORK, [network_id])

    def router(self, session, router_id):
        """Record that a router is new, or it or one of its ports other than before."""
        self._of_router(session, router_id, desired_state.changed, desired_state.ROUTER, router_id)

    def router_gone(self, session, router_id):
        self._of_router(session, router_id, desired_state.gone, desired_state.ROUTER, router_id)

    def _of_router(self, session, router_id, note, kind, resource_id):
        scope = of_router(router_id)
        note(session, scope, kind, [resource_id])
        self.notify(session, desired_state.followers(session, scope), scope)

    def floating_ip(self, session, floating_ip_id, *, before=None, after=None):
        """Record what a floating IP stands for from now.

        :param before, after: ids of the routers that translated and that translate it; None: none.
        """
        if before not in (None, after):
            self._of_router(session, before, desired_state.gone, desired_state.FLOATING_IP, floating_ip_id)
        if after is not None:
            self._of_router(session, after, desired_state.changed, desired_state.FLOATING_IP, floating_ip_id)

    def groups(self, session):
        """Notify who follows the groups that this transaction has changed so far, or whose members it has changed.

        A group may have members on every host, each of which is notified of each new one: so of many transactions, as
        those of servers that are made at once, together.
        """
        done = session.info.setdefault("followers_notified", set())
        scopes = {each for each in desired_state.noted(session)
                  if each.startswith((of_group(""), of_address_group("")))} - done
        done |= scopes
        found = desired_state.followers_of(session, scopes) if scopes else ()
        if found:
            db.afterwards(session, lambda: self._notify_soon(found))

    def _notify_soon(self, found):
        """:param found: [(scope, host)]"""
        with self._guard:
            first = not self._waiting
            for scope, host in found:
                self._waiting.setdefault(host, set()).add(scope)
        if first:
            concurrency.spawn(self._send_collected)

    def _send_collected(self):
        concurrency.sleep(_PAUSE)
        with self._guard:
            waiting, self._waiting = self._waiting, {}
        try:
            self._send(waiting)
        except exceptions.NovaLiteError as error:       # the answer to the next sign of life names what is stale
            LOG.warning("Hosts are not notified of groups: %s", error)

    def ports_of(self, session, network_id):
        """Record that ports of a network have changed, as ``port`` does of one."""
        for host in host_ports.hosts_of(session, network_id):
            self.notify(session, [host], of_host(host))

    def port(self, session, port_id):
        """Record that a port has changed, so that its host is notified and need not wait for its next report."""
        for host in host_scopes.hosts_of_port(session, port_id):
            self.notify(session, [host], of_host(host))

    def notify(self, session, hosts, scope):
        waiting = session.info.get("hosts_to_notify")
        if waiting is None:
            waiting = session.info["hosts_to_notify"] = {}
            db.afterwards(session, lambda: self._send(waiting))
        for host in hosts:
            waiting.setdefault(host, set()).add(scope)

    def _send(self, waiting):
        for host, scopes in sorted(waiting.items()):
            self._rpc.desired_state_changed(contexts.admin(), host, sorted(scopes))
