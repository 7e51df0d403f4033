"""The way of a packet through a plane, as far as what the plane has of ports says it.  Pure."""

import ipaddress

from nova_lite.network.planes.contract import Hop
from nova_lite.network.planes.exceptions import PortNotHere
from nova_lite.network.planes.routing import Routing


def way(ports, states, port_id, address, nat, routing=None):
    """[Hop] as of ``Plane.trace``.

    :param ports: [state.Port].  :param states: {port id: PortState}.  :param nat: whether networks lead outside.
    :param routing: routing.Routing of the plane's routers; None: it has none.
    """
    known = {each.port_id: each for each in ports if each.port_id in states}
    if port_id not in known:
        raise PortNotHere(port_id=port_id)
    port, to = known[port_id], ipaddress.ip_address(address)
    hops = [Hop("device", port.tap)]
    if not states[port_id].has_device:
        return [*hops, Hop("nowhere", "the guest's NIC has no device on its network")]
    hops.append(Hop("network", port.network_id))
    if states[port_id].error:
        return [*hops, Hop("nowhere", states[port_id].error)]
    here = _to_peer(known, states, port.network_id, to)
    routing = routing or Routing()
    is_external = any(each.gateway and each.gateway.network_id == port.network_id for each in routing.routers.values())
    return [*hops, *(here or _beyond(port, to, nat, lambda gateway: _routed(
        known, states, (port, gateway, to), nat, routing), is_external))]


def _to_peer(known, states, network_id, to):
    """[Hop] to the port of a network that has an address; [] where none has."""
    for each in known.values():
        if each.network_id == network_id and str(to) in {one["ip"] for one in each.addresses}:
            if states[each.port_id].works:
                return [Hop("port", each.port_id)]
            return [Hop("nowhere", f"port {each.port_id} does not work")]
    return []


def _beyond(port, to, nat, routed, is_external):
    same = [each for each in port.addresses if ipaddress.ip_network(each["cidr"]).version == to.version]
    near = [each for each in same if to in ipaddress.ip_network(each["cidr"])]
    gateways = sorted({each["gateway"] for each in near or same if each["gateway"]})
    if port.addresses and not same:
        return [Hop("nowhere", f"the port has no IPv{to.version} address")]
    if str(to) in gateways:
        return [Hop("gateway", str(to))]
    if near:
        return [Hop("outside", str(to)) if port.physical_network else Hop("nowhere", f"{to} is no port's here")]
    if not gateways:
        return [Hop("nowhere", "the network has no gateway")]
    beyond = routed(gateways[0])
    is_external = is_external or port.physical_network is not None
    if not beyond and to.version == 6 and not is_external:
        beyond = [Hop("nowhere", "no router passes IPv6 on from here")]
    return [Hop("gateway", gateways[0]), *(beyond or [_outside(to, nat or port.physical_network)])]


def _outside(to, nat):
    return Hop("outside", str(to)) if nat else Hop("nowhere", "networks lead nowhere ([network] nat)")


def _routed(known, states, packet, nat, routing):
    """[Hop] from a gateway that is a router's; [] where it is none's.

    :param packet: (the sender's state.Port, its gateway's address, the IP address it is for)
    """
    port, gateway, to = packet
    router, own_leg = next(((each, leg) for each in routing.routers.values() for leg in each.interfaces
                            if leg.network_id == port.network_id and _is_gateway(leg, port, gateway, to)), (None, None))
    if router is None:
        return []
    hops = [Hop("router", router.id)]
    if not router.admin_state_up:
        return [*hops, Hop("nowhere", f"router {router.id} is down")]
    if not own_leg.is_up:
        return [*hops, _off(own_leg)]
    for leg in router.interfaces:
        for one in leg.addresses:
            if to in ipaddress.ip_network(one.cidr):
                last = Hop("gateway", one.ip) if str(to) == one.ip else Hop("nowhere", f"{to} is no port's here")
                return [*hops, *(_to_peer(known, states, leg.network_id, to) or [last] if leg.is_up else [_off(leg)])]
    routes = [each for each in router.routes if to in ipaddress.ip_network(each.destination)]
    if routes:
        best = max(routes, key=lambda each: ipaddress.ip_network(each.destination).prefixlen)
        return [*hops, Hop("next_hop", best.nexthop)]
    if router.gateway is None:
        return [*hops, Hop("nowhere", f"router {router.id} has no gateway")]
    if not router.gateway.is_up:
        return [*hops, _off(router.gateway)]
    if to.version == 6 and not any(":" in each.ip for each in router.gateway.addresses):
        return [*hops, Hop("nowhere", f"the gateway of router {router.id} has no IPv6 address")]
    own = {each["ip"] for each in port.addresses if to.version == 4}
    sent_as = [each.ip for each in routing.floating.get(router.id, {}).values() if each.fixed_ip in own]
    hops += [Hop("floating_ip", sent_as[0])] if sent_as else []
    return [*hops, *(_translated(known, states, to, routing) or [
        _outside(to, nat or router.gateway.later("physical_network"))])]


def _off(leg):
    return Hop("nowhere", f"port {leg.port_id} of the router is switched off")


def _is_gateway(leg, port, gateway, to):
    """Whether a router's port is what a guest sends to: its subnet's gateway, or of IPv6 who announces the subnet."""
    announced = {each["cidr"] for each in port.addresses if each.get("ra_mode")} if to.version == 6 else ()
    return any(each.ip == gateway or each.cidr in announced for each in leg.addresses)


def _translated(known, states, to, routing):
    """[Hop] of what is for a floating IP; [] where the address is none that is known here."""
    for some in routing.floating.values():
        for each in some.values():
            if each.ip == str(to):
                hops = [Hop("floating_ip", each.ip)]
                port = known.get(each.port_id)
                if port is None:
                    return [*hops, Hop("nowhere", f"{each.ip} stands for no port here")]
                return hops + _to_peer({port.port_id: port}, states, port.network_id, each.fixed_ip)
    return []
