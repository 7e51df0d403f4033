"""Floating IPs: taken from external networks, and made to stand for addresses of ports."""

from nova_lite import db
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db import locks
from nova_lite.db.base import new_id
from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.networks import Network, Port
from nova_lite.db.models.routers import Router
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import rows
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded import floating, qos
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources import ports
from nova_lite.network.embedded.router_subnets import by_ids, subnets_of
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.listing import one

_DHCP = "network:dhcp"
_NOTHING = dict.fromkeys(("fixed_port_id", "fixed_ip_address", "router_id"))


class FloatingIps(Resource):
    """Dicts as the columns of the model, ``port`` and ``tags``.  Who changes one locks the servers that show it first.

    :param networks, ports: the Resources.  :param changes: a desired_state.Changes.
    """

    resource = "floatingip"
    _query = staticmethod(floating_queries.floating_ips)
    model = FloatingIp

    def __init__(self, networks, ports, changes):
        self._networks = networks
        self._ports = ports
        self._changes = changes

    @staticmethod
    def missing(floating_ip_id):
        return router_exceptions.FloatingIPNotFound(floatingip_id=floating_ip_id)

    def pools(self, context):
        """Subnets that floating IPs come from, as ``context`` sees them."""
        with db.reader() as session:
            return floating_queries.pools(session, context.visible_project)

    def create_all(self, context, several, revision=None):
        with db.writer() as session:        # servers are locked before the quota
            port_ids = {each["port_id"] for each in several if each.get("port_id")}
            locks.servers(session, sorted(self._servers(port_ids)))
            return super().create_all(context, several, revision)

    def _before(self, session, context, several, revision):
        for network_id in sorted({each["floating_network_id"] for each in several}):
            rows.lock(session, Network, network_id, writing=False)
        for policy_id in sorted({each[qos.NAME] for each in several if each.get(qos.NAME)}):
            qos.hold_policy(session, policy_id)

    def _servers(self, port_ids):
        found = {port_id: self._ports.find(ALL, one(port_id)) for port_id in port_ids}
        return {each["server_id"] for several in found.values() for each in several if each["server_id"]}

    def _insert(self, session, context, values):
        """:param values: project_id, floating_network_id, and floating_ip_address, subnet_id (absent or None: any),
            port_id, fixed_ip_address, description, dns_name, dns_domain, qos_policy_id.

        :raises NetworkNotFound, BadRequest: of the network.  :raises IpAddressAlreadyAllocated, InvalidIpForSubnet,
            InvalidIpForNetwork, IpAddressGenerationFailure: of the address.  And as ``update``.
        """
        network = self._networks.get(context, values["floating_network_id"])
        if not network["router:external"]:
            raise _bad(f"Network {network['id']} is not a valid external network")
        if not any(each["ip_version"] == 4 for each in subnets_of(session, network["id"])):
            raise _bad(f"Network {network['id']} does not contain any IPv4 subnet")
        floating_ip_id = new_id()
        qos.check_new(session, context, values, "floatingip")
        wanted = {name: values.pop(said, None) for name, said in (
            ("subnet_id", "subnet_id"), ("ip_address", "floating_ip_address"))}
        wanted = {name: value for name, value in wanted.items() if value}
        port_id = ports.add(session, network["id"], {
            "project_id": NO_PROJECT, "device_id": floating_ip_id, "device_owner": floating_queries.OWNER},
            [wanted] if wanted else None, [])
        said = {name: values.pop(name) for name in ("port_id", "fixed_ip_address") if name in values}
        ips = of_ipv4(self._ports.load(ALL, port_id))
        if not ips:
            raise exceptions.ExternalIpAddressExhausted(network_id=network["id"])
        new = {"id": floating_ip_id, **values, "floating_port_id": port_id, "fixed_port_id": None,
               "floating_ip_address": ips[0]["ip_address"]}
        new |= self._meant(session, context, {**new, "port_forwardings": ()}, said)
        if not floating_queries.try_new(session, new):
            raise _taken(new, new)
        self._show(session, _NOTHING, new)
        return floating_ip_id

    def update(self, context, floating_ip, values, revision=None):
        """Make one stand for another address, or none.

        :param values: description, qos_policy_id; port_id (None: nothing), fixed_ip_address (absent: the port's only
            one); with neither it stays as it is, and without anything it stands for nothing.
        :raises PortNotFound, BadRequest: of the port.  :raises QosPolicyNotFound, PolicyRemoveAuthorizationError:
        :raises ExternalGatewayForFloatingIPNotFound: no router connects the port with the external network.
        :raises FloatingIPPortAlreadyAssociated: another stands for that address.
        :raises FipInUseByPortForwarding: ports of it lead somewhere.
        """
        changed = None
        while changed is None:
            with db.writer() as session:
                found = self._held(session, floating_ip, values, revision)
                if found is not None:
                    changed = self._update(session, context, found, values)
                else:
                    floating_ip = self.load(ALL, floating_ip["id"])
        return changed

    def _update(self, session, context, found, values):
        """Change a locked one; as it is then."""
        meant = {**values, "port_id": found["fixed_port_id"], "fixed_ip_address": found["fixed_ip_address"]} if (
            values and not values.keys() & {"port_id", "fixed_ip_address"}) else values
        changed = self._meant(session, context, found, meant)
        qos.check_change(session, context, found, values, "floatingip")
        changed |= {name: values[name] for name in ("description", qos.NAME) if name in values}
        changed = {name: value for name, value in changed.items() if found[name] != value}
        if changed:
            if not floating_queries.try_change(session, found["id"], changed):
                raise _taken(found, found | changed)
            self._show(session, found, found | changed)
        return self.load(ALL, found["id"])

    def delete(self, context, floating_ip, revision=None):
        """The address is free again.  :raises FipInUseByPortForwarding: ports of it lead somewhere."""
        found = None
        while found is None:
            with db.writer() as session:
                found = self._held(session, floating_ip, {}, revision)
                if found is not None:
                    self._delete(session, found)
                else:
                    floating_ip = self.load(ALL, floating_ip["id"])

    def _delete(self, session, found):
        if found["port_forwardings"]:
            raise router_exceptions.FipInUseByPortForwarding(id=found["id"])
        server_ids = self._servers({found["fixed_port_id"]} - {None})
        self._changes.floating_ip(session, found["id"], before=found["router_id"])
        floating.remove(session, found["id"], found["floating_port_id"])
        for server_id in sorted(server_ids):
            info_cache.push(session, server_id)

    def _held(self, session, floating_ip, values, revision):
        """The floating IP, locked until the transaction ends, after the servers that show it or are going to, the
        policy that it is going to have, and the port that it is going to stand for.

        :returns: None where it stands for another port than ``floating_ip`` says: begin anew.
        """
        known, port_id = floating_ip["fixed_port_id"], values.get("port_id")
        locks.servers(session, sorted(self._servers({known, port_id} - {None})))
        qos.hold_policy(session, values.get(qos.NAME))
        if port_id is not None:
            rows.lock(session, Port, port_id, writing=False)
        found = self.hold(floating_ip["id"], revision)
        return found if found["fixed_port_id"] in (None, known) else None

    def _show(self, session, before, after):
        """Let planes and compute know what a floating IP stands for, if that is something else than before."""
        if any(before[name] != after[name] for name in _NOTHING):
            self._changes.floating_ip(session, after["id"], before=before["router_id"], after=after["router_id"])
            for server_id in sorted(self._servers({before["fixed_port_id"], after["fixed_port_id"]} - {None})):
                info_cache.push(session, server_id)

    # ---- what one is to stand for

    def _meant(self, session, context, found, said):
        """{"fixed_port_id", "fixed_ip_address", "router_id"}, all None for nothing."""
        port_id, ip = said.get("port_id"), said.get("fixed_ip_address")
        if found["port_forwardings"]:
            if port_id is not None:
                raise router_exceptions.FipInUseByPortForwarding(id=found["id"])
            return {**_NOTHING, "router_id": found["router_id"]}
        if port_id is None:
            if ip and "port_id" not in said or ip and found["fixed_port_id"] is None:
                raise _bad("fixed_ip_address cannot be specified without a port_id")
            return dict(_NOTHING)
        rows.lock(session, Port, port_id, writing=False)
        port = self._ports.get(context, port_id)
        if port["project_id"] != found["project_id"] and not context.is_admin:
            raise _bad(f"Cannot process floating IP association with Port {port_id}, since that port is owned by a "
                       f"different project")
        if port["device_owner"] == _DHCP:
            raise _bad(f"Port {port_id} is unable to be assigned a floating IP")
        fixed = _fixed(port, ip)
        router_id = router_between(session, port, fixed["subnet_id"], found["floating_network_id"])
        meant = {"fixed_port_id": port_id, "fixed_ip_address": fixed["ip_address"], "router_id": router_id}
        others = [each for each in floating_queries.of_ports(session, [port_id]) if each.id != found["id"]]
        if any((each.floating_network_id, each.fixed_ip_address) == (
                found["floating_network_id"], fixed["ip_address"]) for each in others):
            raise _taken(found, meant)
        return meant


def router_between(session, port, subnet_id, network_id):
    """The id of the router between a port's subnet and an external network: its gateway's, where that is one.

    :raises ExternalGatewayForFloatingIPNotFound: there is none.
    """
    gateway = by_ids(session, [subnet_id])[0]["gateway_ip"]
    found = floating_queries.routers_between(session, subnet_id, network_id)
    for each in sorted(found, key=lambda row: row.ip != gateway):
        rows.lock(session, Router, each.router_id, writing=False)
        if each in floating_queries.routers_between(session, subnet_id, network_id):
            return each.router_id
    raise router_exceptions.ExternalGatewayForFloatingIPNotFound(
        network_id=network_id, subnet_id=subnet_id, port_id=port["id"])


def of_ipv4(port):
    """The fixed IPs of a port (a dict) that are of IPv4."""
    return [each for each in port["fixed_ips"] if ":" not in each["ip_address"]]


def _fixed(port, ip):
    """{"ip_address", "subnet_id"}: the address of a port that is asked for, or its only one.  :raises BadRequest:"""
    if ip and ":" in ip:
        raise _bad(f"Cannot process floating IP association with {ip}, since that is not an IPv4 address")
    ips = of_ipv4(port)
    if not ips and ip is None:
        raise _bad(f"Cannot add floating IP to port {port['id']} that has no fixed IPv4 addresses")
    if ip is None and len(ips) > 1:
        raise _bad(f"Port {port['id']} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when "
                   f"assigning a floating IP")
    found = next((each for each in ips if ip in (None, each["ip_address"])), None)
    if found is None:
        raise _bad(f"Port {port['id']} does not have fixed ip {ip}")
    return found


def _taken(found, meant):
    return router_exceptions.FloatingIPPortAlreadyAssociated(
        floating_ip_address=found["floating_ip_address"], fip_id=found["id"], port_id=meant["fixed_port_id"],
        fixed_ip=meant["fixed_ip_address"], net_id=found["floating_network_id"])


def _bad(detail):
    return exceptions.BadRequest(resource="floatingip", detail=detail)
