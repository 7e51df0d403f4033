"""What a host has of networks and routers, and where each network's gateways are.  Pure."""

import dataclasses
import ipaddress

from nova_lite.network.planes.linux import parts
from nova_lite.network.planes.state import Segment

#: The device of a router's gateway, in its namespace.
OUT = "out"


@dataclasses.dataclass(frozen=True)
class Leg:
    """A router's port: the link between its namespace and a network's bridge.

    :ivar device: its end in the namespace.  :ivar outer: its end on the bridge.
    :ivar addresses: ("10.0.0.1/24", ...)  :ivar up: False: the router passes nothing by it.
    """

    port_id: str
    network_id: str
    device: str
    outer: str
    mac: str
    mtu: int
    addresses: tuple
    up: bool = True

    @property
    def ips(self):
        return tuple(each.partition("/")[0] for each in self.addresses)

    @property
    def ranges(self):
        return tuple(str(ipaddress.ip_interface(each).network) for each in self.addresses)


@dataclasses.dataclass(frozen=True)
class Forwarding:
    """Ports of a floating IP, both ends included, that lead to as many of ``to``, or all to one."""

    ip: str
    protocol: str
    first: int
    last: int
    to: str
    to_first: int
    to_last: int


@dataclasses.dataclass(frozen=True)
class Router:
    """One router as this host is to have it.

    :ivar up: False: it passes nothing.  :ivar snat: whether what leaves by the gateway gets the gateway's address.
    :ivar gateway: the Leg on the external network; None.  :ivar default: the next hop there; None.
    :ivar routes: ((destination, next hop), ...)
    :ivar translated: {floating IP: address that it stands for}  :ivar forwardings: (Forwarding, ...)
    """

    id: str
    up: bool
    snat: bool
    legs: tuple
    gateway: Leg | None
    default: str | None
    routes: tuple
    translated: dict
    forwardings: tuple

    @property
    def floating(self):
        """Floating IPs that the router answers for."""
        return tuple(sorted({*self.translated, *(each.ip for each in self.forwardings)})) if self.gateway else ()

    @property
    def all_legs(self):
        return (*self.legs, self.gateway) if self.gateway else self.legs

    @property
    def mtu(self):
        return min((each.mtu for each in self.all_legs), default=1500)


def router(body, floating):
    """:param body: objects.DesiredRouter.  :param floating: {id: objects.DesiredFloatingIp} that it translates."""
    gateway = _leg(body.gateway, OUT) if body.gateway else None
    hops = [each.gateway for each in body.gateway.addresses if each.gateway] if body.gateway else []
    some = [floating[key] for key in sorted(floating)] if gateway else []
    return Router(
        id=body.id, up=body.admin_state_up, snat=body.snat, gateway=gateway, default=hops[0] if hops else None,
        legs=tuple(_leg(each) for each in body.interfaces if each.addresses),
        routes=tuple(sorted((each.destination, each.nexthop) for each in body.routes)),
        translated={each.ip: each.fixed_ip for each in some if each.fixed_ip},
        forwardings=tuple(Forwarding(one.ip, each.protocol, each.external_first, each.external_last, each.ip,
                                     each.internal_first, each.internal_last)
                          for one in some for each in one.forwardings))


def _leg(port, device=None):
    outer, inner = parts.leg(port.port_id)
    return Leg(port_id=port.port_id, network_id=port.network_id, device=device or inner, outer=outer, mac=port.mac,
               mtu=port.mtu, up=port.is_up,
               addresses=tuple(f"{each.ip}/{each.cidr.partition('/')[2]}" for each in port.addresses))


class Layout:
    """:ivar routers: {id: Router} of those that are to be here.
    :ivar segments: {network id: state.Segment}, of those with ports here and those that the routers are on.

    :param segments: [state.Segment] of the ports here.  :param routing: the routing.Routing.
    :param networks: {id: objects.DesiredNetwork}, as far as known.
    """

    def __init__(self, segments, routing, networks):
        _, ids = routing.reached([each.network_id for each in segments], networks)
        bodies = {key: routing.routers[key] for key in sorted(ids) if key in routing.routers}
        self.routers = {key: router(body, routing.floating.get(key, {})) for key, body in bodies.items()}
        self.segments = {each.network_id: each for each in segments}
        self._held = {}             # network id -> {gateway's address: (Router, Leg)}
        for body in bodies.values():
            if body.gateway:
                self._add(body.gateway, tuple(_subnet(each) for each in body.gateway.addresses))
            for each in body.interfaces:
                self._add(each, ())
        for each in self.routers.values():
            for leg in each.legs:
                self._held.setdefault(leg.network_id, {}).update(dict.fromkeys(leg.ips, (each, leg)))

    def _add(self, port, outer):
        known = self.segments.get(port.network_id) or Segment(port.network_id, ())
        self.segments[port.network_id] = dataclasses.replace(
            known, mtus=(*known.mtus, port.mtu), outer=(*known.outer, *outer),
            legs=(*known.legs, parts.leg(port.port_id)[0]))

    def own(self, network_id):
        """The Segment of a network with the subnets whose gateways are in its own namespace."""
        held = self._held.get(network_id, {})
        return self.segments[network_id].of_gateways(lambda address: address not in held)

    def seats(self, network_id):
        """[(Router, Leg, Segment)]: the subnets of a network with ports here whose gateways are routers'."""
        segment, found = self.segments[network_id], {}
        gateways = {each["gateway"] for each in segment.subnets.values()}
        for address, (owner, leg) in self._held.get(network_id, {}).items():
            if address in gateways and segment.ports:
                found.setdefault(leg.port_id, (owner, leg, set()))[2].add(address)
        return [(owner, leg, segment.of_gateways(addresses.__contains__))
                for _, (owner, leg, addresses) in sorted(found.items())]

    def routers_on(self, network_ids):
        """Ids of the routers with a port on one of some networks."""
        return {key for key, each in self.routers.items()
                if {leg.network_id for leg in each.all_legs} & set(network_ids)}

    def networks_of(self, router_ids):
        return {leg.network_id for each in router_ids if each in self.routers for leg in self.routers[each].all_legs}

    def access(self, router_id, ranges):
        """Ranges of a router's networks that the host itself may reach.  :param ranges: as of Segment.access."""
        return tuple(sorted({one for network_id in self.networks_of([router_id])
                             for owner, _, segment in self.seats(network_id) if owner.id == router_id
                             for one in segment.access(ranges)}))


def _subnet(address):
    """As an address of a state.Port."""
    return {"ip": address.ip, "cidr": address.cidr, "gateway": address.gateway, "dns": [], "dhcp": False,
            "subnet_id": address.subnet_id,
            "host_access": not address.obj_attr_is_set("host_access") or address.host_access}


def changed_routers(before, after, ranges):
    """Ids of the routers that one Layout has, or lets the host reach, otherwise than the other.

    :param ranges: as of ``Layout.access``.
    """
    return {each for each in before.routers.keys() | after.routers.keys()
            if before.routers.get(each) != after.routers.get(each)
            or before.access(each, ranges) != after.access(each, ranges)}
