"""Port forwardings: ports of a floating IP that lead to addresses that its router reaches."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.networks import Port
from nova_lite.db.models.port_forwardings import PortForwarding
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import port_forwardings as forwarding_queries
from nova_lite.db.network import rows
from nova_lite.network import exceptions, router_exceptions
from nova_lite.network.embedded import floating
from nova_lite.network.embedded.resource import Resource
from nova_lite.network.embedded.resources.floating_ips import of_ipv4, router_between


class PortForwardings(Resource):
    """Dicts as the columns of the model, of a floating IP that the caller has loaded.

    :param floating_ips, ports: the Resources.  :param changes: a desired_state.Changes.
    """

    resource = "port_forwarding"
    _query = staticmethod(forwarding_queries.port_forwardings)
    model = PortForwarding

    def __init__(self, floating_ips, ports, changes):
        self._floating_ips = floating_ips
        self._ports = ports
        self._changes = changes

    @staticmethod
    def missing(forwarding_id):
        return router_exceptions.PortForwardingNotFound(id=forwarding_id)

    def of(self, floating_ip, forwarding_id):
        """:raises PortForwardingNotFound: the floating IP (a dict) has no such one."""
        found = self.load(ALL, forwarding_id)
        if found["floatingip_id"] != floating_ip["id"]:
            raise self.missing(forwarding_id)
        return found

    def add(self, context, floating_ip, several):
        """New ones, all or none.

        :param several: dicts of internal_port_id, internal_ip_address (None: the port's first), protocol, external and
            internal: (first port, last port), description.
        :raises PortNotFound, BadRequest: they lead nowhere, or where others do.
        :raises FloatingIPPortAlreadyAssociated: the floating IP stands for an address.
        :raises PortHasBindingFloatingIP: a floating IP stands for the port.
        """
        with db.writer() as session:
            return [self._add(session, context, floating_ip["id"], each) for each in several]

    def _add(self, session, context, floating_ip_id, values):
        found = self._held(session, floating_ip_id, values["internal_port_id"])
        if found["fixed_port_id"]:
            raise router_exceptions.FloatingIPPortAlreadyAssociated(
                port_id=values["internal_port_id"], fip_id=found["id"], fixed_ip=values.get("internal_ip_address"),
                floating_ip_address=found["floating_ip_address"], net_id=found["floating_network_id"])
        made = {"id": new_id(), "floatingip_id": found["id"], "protocol": values["protocol"],
                "description": values.get("description", ""), "internal_port_id": values["internal_port_id"],
                "internal_ip_address": values.get("internal_ip_address"), **_ports("external", values["external"]),
                **_ports("internal", values["internal"])}
        router_id = self._check(session, context, found, made)
        rows.insert(session, PortForwarding, made)
        self._changed(session, found, router_id)
        return made

    def update(self, context, floating_ip, forwarding, values):
        """:param values: as of a new one, any of them.  Raises as ``add``."""
        with db.writer() as session:
            port_id = values.get("internal_port_id", forwarding["internal_port_id"])
            found = self._held(session, floating_ip["id"], port_id)
            forwarding = self.of(found, forwarding["id"])
            made = {**forwarding, **{name: each for name, each in values.items() if name in forwarding}}
            for side in ("external", "internal"):
                made |= _ports(side, values[side]) if side in values else {}
            router_id = self._check(session, context, found, made)
            rows.update(session, PortForwarding, forwarding["id"], {
                name: each for name, each in made.items() if name != "id"})
            self._changed(session, found, router_id)
            return made

    def remove_from(self, floating_ip, forwarding):
        with db.writer() as session:
            self._held(session, floating_ip["id"], forwarding["internal_port_id"])
            found = self.of(floating_ip, forwarding["id"])
            floating.remove_forwarding(session, self._changes, floating_ip["id"], found["id"])

    def _held(self, session, floating_ip_id, port_id):
        """The floating IP, locked until the transaction ends, after the port."""
        rows.lock(session, Port, port_id)
        return self._floating_ips.hold(floating_ip_id)

    def _changed(self, session, floating_ip, router_id):
        rows.update(session, FloatingIp, floating_ip["id"], {"router_id": router_id})
        self._changes.floating_ip(session, floating_ip["id"], before=floating_ip["router_id"], after=router_id)

    def _check(self, session, context, floating_ip, made):
        """Fill in the address of a forwarding that names none; the id of the router that it is on.

        :raises BadRequest: the ranges do not fit, or others have them; no router connects both ends.
        """
        port = self._ports.get(context, made["internal_port_id"])
        _check_ranges(session, made)
        stands = floating_queries.of_ports(session, [port["id"]])
        if stands:
            raise router_exceptions.PortHasBindingFloatingIP(
                floating_ip_address=stands[0].floating_ip_address, fip_id=stands[0].id, port_id=port["id"],
                fixed_ip=made["internal_ip_address"])
        ips = of_ipv4(port)
        if not ips:
            raise _bad(f"Requested internal port {port['id']} must allocate an IPv4 address at least.")
        wanted = made["internal_ip_address"] or ips[0]["ip_address"]
        fixed = next((each for each in ips if each["ip_address"] == wanted), None)
        if fixed is None:
            raise _bad(f"Requested internal IP address {wanted} is not suitable for internal neutron port "
                       f"{port['id']}, as its fixed_ips are {port['fixed_ips']}")
        made["internal_ip_address"] = wanted
        _check_inside(session, made)
        try:
            router_id = router_between(session, port, fixed["subnet_id"], floating_ip["floating_network_id"])
        except router_exceptions.ExternalGatewayForFloatingIPNotFound as error:
            raise _bad(f"External network {floating_ip['floating_network_id']} is not reachable from subnet "
                       f"{fixed['subnet_id']}. Cannot set Port forwarding for port {port['id']} with Floating IP "
                       f"{floating_ip['id']}") from error
        if floating_ip["router_id"] not in (None, router_id):
            raise _bad(f"The Floating IP {floating_ip['id']} had been set on router {floating_ip['router_id']}, the "
                       f"internal Neutron port {port['id']} can not reach it")
        return router_id


def _check_ranges(session, made):
    inside = made["internal_last"] - made["internal_first"]
    if inside > 0 and inside != made["external_last"] - made["external_first"]:
        raise _bad("Invalid ranges of internal and/or external ports. The relation between internal and external ports "
                   "must be N-N or 1-N")
    other = forwarding_queries.overlapping(
        session, "external", made["external_first"], made["external_last"], floatingip_id=made["floatingip_id"],
        protocol=made["protocol"], but=made["id"])
    if other:
        raise _collision("external", other, made)


def _check_inside(session, made):
    other = forwarding_queries.overlapping(
        session, "internal", made["internal_first"], made["internal_last"], protocol=made["protocol"], but=made["id"],
        internal_port_id=made["internal_port_id"], internal_ip_address=made["internal_ip_address"])
    if other:
        raise _collision("internal", other, made)


def _collision(side, other, made):
    first, last = f"{side}_first", f"{side}_last"
    return _bad(f"There is a port collision with the {side}_port_range. The following ranges collide: "
                f"{getattr(other, first)}:{getattr(other, last)} and {made[first]}:{made[last]}")


def _ports(side, ends):
    return {f"{side}_first": ends[0], f"{side}_last": ends[1]}


def _bad(detail):
    return exceptions.BadRequest(resource="port_forwarding", detail=detail)
