"""What a host has of networks and routers, and where each network's gateways are.  Pure."""

import dataclasses
import ipaddress

from nova_lite.common import ip_text
from nova_lite.network.planes.linux import parts, ranges6
from nova_lite.network.planes.state import Segment

#: The device of a router's gateway, in its namespace.
OUT = "out"
#: Where metadata is asked by IPv6 that no router answers.
OWN = "own"


@dataclasses.dataclass(frozen=True)
class Leg:
    """A router's port: the link between its namespace and a network's bridge.

    :ivar device: its end in the namespace.  :ivar outer: its end on the bridge.
    :ivar addresses: ("10.0.0.1/24", "fd00::1/64", ...)  :ivar up: False: the router passes nothing by it.
    :ivar answers6: whether guests' questions for metadata by IPv6 are answered here.
    """

    port_id: str
    network_id: str
    device: str
    outer: str
    mac: str
    mtu: int
    addresses: tuple
    up: bool = True
    answers6: bool = False

    @property
    def addresses4(self):
        return tuple(each for each in self.addresses if ":" not in each)

    @property
    def addresses6(self):
        return tuple(each for each in self.addresses if ":" in each)

    @property
    def ips(self):
        """Of IPv4."""
        return tuple(each.partition("/")[0] for each in self.addresses4)

    @property
    def ips6(self):
        return tuple(each.partition("/")[0] for each in self.addresses6)

    @property
    def ranges(self):
        """Of IPv4."""
        return _networks(self.addresses4)

    @property
    def ranges6(self):
        return _networks(self.addresses6)


def _networks(addresses):
    return tuple(str(ipaddress.ip_interface(each).network) for each in addresses)


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
    :ivar routes: ((destination, next hop), ...)  :ivar default6, routes6: the same of IPv6.
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
    default6: str | None = None
    routes6: tuple = ()

    @property
    def has_ipv6(self):
        return any(each.addresses6 for each in self.all_legs)

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
    hops, routes = ({version: [each for each in some if (":" in each[0]) == (version == 6)] for version in (4, 6)}
                    for some in ([(each.cidr, each.gateway) for each in (body.gateway.addresses if body.gateway else ())
                                  if each.gateway],
                                 sorted((each.destination, each.nexthop) for each in body.routes)))
    some = [floating[key] for key in sorted(floating)] if gateway else []
    return Router(
        id=body.id, up=body.admin_state_up, snat=body.snat, gateway=gateway,
        default=hops[4][0][1] if hops[4] else None, default6=hops[6][0][1] if hops[6] else None,
        legs=tuple(_leg(each) for each in body.interfaces if each.addresses),
        routes=tuple(routes[4]), routes6=tuple(routes[6]),
        translated={each.ip: each.fixed_ip for each in some if each.fixed_ip},
        forwardings=tuple(Forwarding(one.ip, each.protocol, each.external_first, each.external_last, each.ip,
                                     each.internal_first, each.internal_last)
                          for one in some for each in one.forwardings))


def _leg(port, device=None):
    outer, inner = parts.leg(port.port_id)
    return Leg(port_id=port.port_id, network_id=port.network_id, device=device or inner, outer=outer, mac=port.mac,
               mtu=port.mtu, up=port.is_up,
               addresses=tuple(f"{each.ip}/{_cidr(each).partition('/')[2]}" for each in port.addresses))


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
        for body in bodies.values():
            if body.gateway:
                self._add(body.gateway, tuple(_subnet(each) for each in body.gateway.addresses))
            for each in body.interfaces:
                self._add(each, ())
        self._claims6 = {}
        self._held = {}             # network id -> {gateway's address: (Router, Leg)}
        self._held6 = {}            # network id -> {IPv6 range: {port id: address} of the legs in it}
        for each in self.routers.values():
            for leg in each.legs:
                some = self._held6.setdefault(leg.network_id, {})
                for cidr, ip in zip(leg.ranges6, leg.ips6, strict=True):
                    some.setdefault(cidr, {})[leg.port_id] = ip
        self._answering6 = {key: self._answers(each) for key, each in self.segments.items()}
        self.routers = {key: self._marked(each) for key, each in self.routers.items()}
        for each in self.routers.values():
            for leg in each.legs:
                self._held.setdefault(leg.network_id, {}).update(dict.fromkeys(leg.ips, (each, leg)))

    def _answers(self, segment):
        """Where metadata is asked by IPv6: OWN, the id of a router's port, or "", for one place alone has the address.
        """
        held = self._held6.get(segment.network_id, {})
        subnets = {each["cidr"] for port in segment.ports for each in port.addresses if ":" in each["cidr"]}
        if segment.physical_network:
            subnets &= held.keys()
        if not subnets:
            return ""
        return OWN if subnets - held.keys() else min(each for cidr in subnets for each in held[cidr])

    def _marked(self, its_router):
        answering = set(self._answering6.values())
        return dataclasses.replace(its_router, legs=tuple(
            dataclasses.replace(each, answers6=True) if each.port_id in answering else each
            for each in its_router.legs))

    def _add(self, port, outer):
        known = self.segments.get(port.network_id) or Segment(port.network_id, ())
        self.segments[port.network_id] = dataclasses.replace(
            known, mtus=(*known.mtus, port.mtu), outer=(*known.outer, *outer), physical=port.later("physical_network"),
            legs=(*known.legs, parts.leg(port.port_id)[0]))

    def own(self, network_id):
        """The Segment of a network with the subnets whose gateways are in its own namespace.

        The gateways of a physical network are machines outside, and a subnet may have none; DHCP and metadata are here,
        at an address of no subnet.
        """
        held, held6 = self._held.get(network_id, {}), self._held6.get(network_id, {})
        segment = self.segments[network_id]
        if segment.physical_network:
            return dataclasses.replace(segment, outer=()).of_subnets(
                lambda address: None if ":" in address["cidr"] or address["gateway"] in held else _apart(address))

        def served(address):
            if ":" not in address["cidr"]:
                return None if address["gateway"] in held else address if address["gateway"] else _apart(address)
            return None if address["cidr"] in held6 else address | {"here": ranges6.own_address(address)}
        return segment.of_subnets(served)

    def answers6(self, network_id):
        """Whether metadata is asked by IPv6 in the network's own namespace."""
        return self._answering6[network_id] == OWN

    def seats(self, network_id):
        """[(Router, Leg, Segment)]: the subnets of a network with ports here whose gateways are routers', and of IPv6
        those that the router has an address of.
        """
        segment = self.segments[network_id]
        if not segment.ports:
            return []
        held, held6 = self._held.get(network_id, {}), self._held6.get(network_id, {})
        gateways = {each["gateway"] for each in segment.subnets.values()}
        found = {held[each][1].port_id for each in gateways & held.keys()}
        found |= {port_id for cidr in segment.subnets6.keys() & held6.keys() for port_id in held6[cidr]}
        return [(owner, leg, segment.of_subnets(self._served_at(leg))) for leg, owner in sorted(
            ((leg, owner) for owner in self.routers.values() for leg in owner.legs if leg.port_id in found),
            key=lambda each: each[0].port_id)]

    def _served_at(self, leg):
        held, held6 = self._held.get(leg.network_id, {}), self._held6.get(leg.network_id, {})

        def served(address):
            if ":" not in address["cidr"]:
                _, holder = held.get(address["gateway"], (None, None))
                return address if holder is not None and holder.port_id == leg.port_id else None
            here = held6.get(address["cidr"], {}).get(leg.port_id)
            return None if here is None else address | {"here": here}
        return served

    def routed6(self, network_id):
        """[(ip_network, next hop)] of the IPv6 ranges that are behind routers with gateways on a network.

        Of ranges of several networks that overlap, none is: nobody is to get what is another's.
        """
        found = {}
        for each in self.routers.values():
            if each.up and each.gateway and each.gateway.network_id == network_id and each.gateway.ips6:
                for leg in each.legs:
                    for cidr in leg.ranges6:
                        found.setdefault((ipaddress.ip_network(cidr), leg.network_id), each.gateway.ips6[0])
        own = {(ipaddress.ip_network(cidr), network_id) for cidr in self.segments[network_id].subnets6}
        alone = ranges6.alone([*(cidr for cidr, _ in found), *(cidr for cidr, _ in own)])
        return [(cidr, hop) for (cidr, _), hop in sorted(found.items(), key=str) if cidr in alone]

    def routers_on(self, network_ids):
        """Ids of the routers with a port on one of some networks."""
        return {key for key, each in self.routers.items()
                if {leg.network_id for leg in each.all_legs} & set(network_ids)}

    def networks_of(self, router_ids):
        return {leg.network_id for each in router_ids if each in self.routers for leg in self.routers[each].all_legs}

    def access(self, router_id, ranges):
        """Ranges of a router's networks that the host itself may reach.  :param ranges: as of Segment.access."""
        return self._access(router_id, lambda segment: segment.access(ranges))

    def access6(self, router_id, ranges):
        """As ``access``, of IPv6."""
        return self._access(router_id, lambda segment: segment.access6(ranges))

    def claims6(self, ranges):
        """{name of the host's link to a network or router: IPv6 ranges (text) that the host may reach by it}

        :param ranges: as of ``access``.
        """
        if ranges not in self._claims6:
            own = {key: self.own(key).access6(ranges) for key in self.segments}
            own |= {key: self.access6(key, ranges) for key in self.routers}
            self._claims6[ranges] = {parts.Parts("", key).link: some for key, some in own.items() if some}
        return self._claims6[ranges]

    def _access(self, router_id, reached):
        return tuple(sorted({one for network_id in self.networks_of([router_id])
                             for owner, _, segment in self.seats(network_id) if owner.id == router_id
                             for one in reached(segment)}))


def _apart(address):
    """An address of a state.Port, where guests ask somebody else than its subnet's router, or have none ("router")."""
    return address | {"gateway": parts.METADATA, "router": address["gateway"], "host_access": False}


def _cidr(address):
    return ip_text.without_scope(address.cidr)


def _subnet(address):
    """As an address of a state.Port."""
    return {"ip": address.ip, "cidr": _cidr(address), "gateway": address.gateway, "dns": [], "dhcp": False,
            "subnet_id": address.subnet_id,
            "host_access": not address.obj_attr_is_set("host_access") or address.host_access}


def changed_routers(before, after, ranges):
    """Ids of the routers that one Layout has, or lets the host reach, otherwise than the other.

    :param ranges: as of ``Layout.access``.
    """
    return {each for each in before.routers.keys() | after.routers.keys()
            if before.routers.get(each) != after.routers.get(each)
            or before.access(each, ranges) != after.access(each, ranges)
            or before.access6(each, ranges) != after.access6(each, ranges)}
