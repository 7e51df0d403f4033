"""The way of a first packet from one place to another, by what the database says: ``nova-lite network trace``.

It is walked as the packet goes: out of a port by the rules of its security groups, on its network or by the subnet's
gateway to a router, by that one's interfaces, routes or gateway, with addresses translated on the way, and into a port
by the rules of its groups.
"""

import ipaddress

from nova_lite.cmd.network import beyond
from nova_lite.cmd.network.packets import said
from nova_lite.cmd.network.rules import Rules, Step
from nova_lite.common import ip_protocols
from nova_lite.common.visibility import ALL
from nova_lite.db import server_names
from nova_lite.db.network import floating_ips as floating_queries
from nova_lite.db.network import networks as network_queries
from nova_lite.db.network import ports as port_queries
from nova_lite.db.network import routers as router_queries
from nova_lite.db.network import subnets as subnet_queries
from nova_lite.db.network.paging import Page
from nova_lite.network.planes.groups import EGRESS, INGRESS

_ACTIVE = "ACTIVE"
_MOST = 16          # routers that a packet passes before it is given up


class Walk:
    """:param session: a database session; a snapshot, so that the parts fit together.

    :param wanted: the network_id of the port that the target is meant to be; None: whoever has the target.
    """

    def __init__(self, session, wanted=None):
        self._session = session
        self._wanted = wanted
        self._rules = Rules(session)

    def from_port(self, port, target, kind):
        """[Step] of a packet that the guest of a port sends.

        :param port: as ``db.network.ports.ports`` has it.  :param target: the ip_address to which.
        :param kind: a packets.Kind.
        """
        own = self._address_for(port, target)
        if own is None:
            return [Step(f"port {port['id']} has no IPv{target.version} address", False)]
        packet = kind.packet(ipaddress.ip_address(own["ip_address"]), target)
        steps = [Step(f"{self._guest(port)} sends {said(packet)}")]
        if port["status"] != _ACTIVE:
            return [*steps, _idle(port)]
        return [*steps, *self._out_of(port, own, packet)]

    def from_outside(self, source, target, kind):
        """[Step] of a packet that comes from an ip_address outside to one of an external network."""
        packet = kind.packet(source, target)
        return [Step(f"outside sends {said(packet)}"), *self._outside(packet, None)]

    def _address_for(self, port, target):
        """A fixed IP of a port: of the target's subnet, else the first of the target's version."""
        same = [each for each in port["fixed_ips"]
                if ipaddress.ip_address(each["ip_address"]).version == target.version]
        near = [each for each in same if target in self._cidr(each["subnet_id"])]
        return next(iter(near or same), None)

    def _out_of(self, port, own, packet):
        verdict = self._rules.of(port, EGRESS, packet)
        if not verdict.passes:
            return [verdict]
        if packet.target in self._cidr(own["subnet_id"]):
            return [verdict, *self._near(port["network_id"], packet, port)]
        subnet = self._subnet(own["subnet_id"])
        gateway = subnet["gateway_ip"]
        router_id = self._announcing(subnet)
        if gateway is None and router_id is None:
            return [verdict, Step(f"the subnet {self._cidr(own['subnet_id'])} has no gateway", False)]
        if router_id is None:
            holder = router_queries.holder(self._session, own["subnet_id"], gateway)
            router_id, _ = holder and router_queries.of_port(self._session, holder) or (None, None)
        if router_id is None and (physical := self._physical(port["network_id"])):
            return [verdict, Step(f"it leaves this cloud by physical network {physical} to the gateway {gateway}")]
        if router_id is None:
            return [verdict, Step(f"no router has the subnet's gateway {gateway}: add an interface of a router to the "
                                  f"subnet", False)]
        return [verdict, *self._routed(router_id, packet, port, 1)]

    def _announcing(self, subnet):
        """The id of the router that announces itself to guests of an IPv6 subnet; None: they send to its gateway."""
        if not subnet["ipv6_ra_mode"]:
            return None
        found = router_queries.interfaces_on(self._session, subnet["id"])
        return next((each.router_id for each in sorted(found, key=lambda one: one.ip != subnet["gateway_ip"])), None)

    def _routed(self, router_id, packet, sender, passed):
        """What a router does with a packet."""
        [router] = router_queries.routers(self._session, ALL, Page({"id": [router_id]}))
        name = f"router {_named(router)}"
        if not router["admin_state_up"]:
            return [Step(f"{name} is switched off (admin_state_up)", False)]
        if passed > _MOST:
            return [Step(f"{name} is the {passed}th on the way: the routers' routes lead in a circle", False)]
        addresses = router_queries.addresses(self._session, [router_id])
        near = [each for each in addresses if packet.target in ipaddress.ip_network(each.cidr)]
        if any(str(packet.target) == each.ip for each in near):
            return [Step(f"{name} itself has {packet.target} and answers")]
        if near:
            return self._leaves(router, near[0], packet, packet.target, sender)
        routes = [each for each in router["routes"] if packet.target in ipaddress.ip_network(each["destination"])]
        if routes:
            best = max(routes, key=lambda each: ipaddress.ip_network(each["destination"]).prefixlen)
            return self._by_route(router, best, addresses, packet, sender, passed)
        every = [each for each in addresses if each.port_type == router_queries.GATEWAY]
        outer = [each for each in every if ipaddress.ip_address(each.ip).version == packet.target.version]
        if every and not outer:
            return [Step(f"the gateway of {name} has no IPv{packet.target.version} address", False)]
        if not outer:
            return [Step(f"{name} has no gateway and no route to {packet.target}", False)]
        return self._leaves(router, outer[0], packet, packet.target, sender)

    def _by_route(self, router, route, addresses, packet, sender, passed):
        step = Step(f"router {_named(router)} sends it to {route['nexthop']}, by its route to {route['destination']}")
        nexthop = ipaddress.ip_address(route["nexthop"])
        hop = next(each for each in addresses if nexthop in ipaddress.ip_network(each.cidr))
        holder = router_queries.holder(self._session, hop.subnet_id, route["nexthop"])
        known = holder and router_queries.of_port(self._session, holder)
        if known:
            return [step, *self._routed(known.router_id, packet, sender, passed + 1)]
        return [step, *self._to_address(hop.network_id, route["nexthop"], packet, sender, forwarded=True)]

    def _leaves(self, router, port, packet, target, sender):
        """A packet leaves a router by one of its ports, addresses of which are ``port``."""
        if port.port_type != router_queries.GATEWAY:
            step = Step(f"router {_named(router)} passes it to network {self._network(port.network_id)}")
            return [step, *self._near(port.network_id, packet, sender)]
        floating = self._floating_of(sender, packet.source)
        if floating:
            packet = packet._replace(source=ipaddress.ip_address(floating["floating_ip_address"]))
            how = f"its floating IP {packet.source} as source"
        elif router["enable_snat"] and packet.source.version == 4:
            packet = packet._replace(source=ipaddress.ip_address(port.ip))
            how = f"the gateway's address {packet.source} as source"
        else:
            how = "its own address as source, for which the external network needs a route back"
        step = Step(f"router {_named(router)} sends it to the external network {self._network(port.network_id)}, "
                    f"with {how}")
        return [step, *self._outside(packet, port.network_id)]

    def _outside(self, packet, network_id):
        """A packet on an external network, or (None) on its way to one: to a floating IP, or the world."""
        found = floating_queries.floating_ips(self._session, ALL, Page({"floating_ip_address": [str(packet.target)]}))
        found = [each for each in found if network_id in (None, each["floating_network_id"])]
        if not found:
            if network_id is None and packet.target.version == 6:
                return [Step(f"no floating IP is of IPv6: whether the world has a route to {packet.target}, the cloud "
                             f"cannot know", False)]
            if network_id is None:
                return [Step(f"{packet.target} is no floating IP of this cloud", False)]
            near = self._port_with(network_id, str(packet.target))
            if near:
                return self._into(near, packet, None)
            return [beyond.step(self._session, packet.target, self._wanted)]
        return self._translated(found[0], packet)

    def _translated(self, floating, packet):
        """A packet to a floating IP."""
        forwardings = [each for each in floating["port_forwardings"]
                       if ip_protocols.number(each["protocol"]) == packet.protocol and packet.second is not None
                       and each["external_first"] <= packet.second <= each["external_last"]]
        if floating["router_id"] is None or (floating["fixed_ip_address"] is None and not forwardings):
            return [Step(f"floating IP {packet.target} stands for nothing" if floating["router_id"] is None else
                         f"floating IP {packet.target} has no forwarding for {said(packet)}", False)]
        [router] = router_queries.routers(self._session, ALL, Page({"id": [floating["router_id"]]}))
        if not router["admin_state_up"]:
            return [Step(f"router {_named(router)} is switched off (admin_state_up)", False)]
        if floating["fixed_ip_address"] is not None:
            inner, number, port_id = floating["fixed_ip_address"], packet.second, floating["fixed_port_id"]
        else:
            [found] = forwardings
            inner, port_id = found["internal_ip_address"], found["internal_port_id"]
            wide = found["internal_last"] > found["internal_first"]
            number = found["internal_first"] + (packet.second - found["external_first"] if wide else 0)
        packet = packet._replace(target=ipaddress.ip_address(inner), second=number)
        step = Step(f"router {_named(router)} translates the floating IP {floating['floating_ip_address']}: "
                    f"{said(packet)}")
        [port] = port_queries.ports(self._session, ALL, Page({"id": [port_id]}))
        return [step, *self._into(port, packet, None)]

    def _near(self, network_id, packet, sender):
        """A packet to a neighbour on a network."""
        return self._to_address(network_id, str(packet.target), packet, sender)

    def _to_address(self, network_id, address, packet, sender, forwarded=False):
        port = self._port_with(network_id, address)
        if port is None and (physical := self._physical(network_id)):
            return [Step(f"it leaves this cloud by physical network {physical}, where a machine may have {address}")]
        if port is None:
            return [Step(f"nobody on network {self._network(network_id)} has {address}", False)]
        if forwarded:
            return [Step(f"port {_named(port)} has {address}: whether its guest passes it on, the cloud cannot know",
                         False)]
        return self._into(port, packet, sender)

    def _into(self, port, packet, sender):
        """:param sender: the port from which the packet comes with its own address; None: an address outside."""
        known = router_queries.of_port(self._session, port["id"])
        if known:
            return [Step(f"router {known.router_id} itself has {packet.target} and answers")]
        step = Step(f"it comes to {self._guest(port)} on network {self._network(port['network_id'])}")
        if port["status"] != _ACTIVE:
            return [step, _idle(port)]
        return [step, self._rules.of(port, INGRESS, packet)]

    # ---- looking up

    def _physical(self, network_id):
        """The name of the physical network that a network is on; None: it ends at each host."""
        [found] = network_queries.networks(self._session, ALL, Page({"id": [network_id]}))
        return found["physical_network"]

    def _guest(self, port):
        """Whose a port is, and which."""
        server = port["server_id"] and server_names.of(self._session, [port["server_id"]]).get(port["server_id"])
        return f"server {server.display_name} by its port {_named(port)}" if server else f"port {_named(port)}"

    def _port_with(self, network_id, address):
        return next(iter(port_queries.ports(self._session, ALL, Page(
            {"network_id": [network_id], "fixed_ips": {"ip_address": [address]}}))), None)

    def _floating_of(self, port, address):
        found = port and floating_queries.floating_ips(self._session, ALL, Page(
            {"fixed_port_id": [port["id"]], "fixed_ip_address": [str(address)]}))
        return found[0] if found else None

    def _subnet(self, subnet_id):
        [found] = subnet_queries.subnets(self._session, ALL, Page({"id": [subnet_id]}))
        return found

    def _cidr(self, subnet_id):
        return ipaddress.ip_network(self._subnet(subnet_id)["cidr"])

    def _network(self, network_id):
        [found] = network_queries.networks(self._session, ALL, Page({"id": [network_id]}))
        return _named(found)


def _idle(port):
    return Step(f"the port is {port['status']}: its guest is off, or its host has yet to plug it", False)


def _named(row):
    return f"{row['name']} ({row['id']})" if row["name"] else row["id"]
