"""The networks of a host: a namespace with rules and links where their gateways are no routers', DHCP and metadata."""

import ipaddress
import shutil

from nova_lite.common import ipv6
from nova_lite.network.planes.linux import dhcp, gateway, gateway6, netns, ranges6, uplinks, wiring
from nova_lite.network.planes.linux.dhcp import Dhcp, Seat
from nova_lite.network.planes.linux.exceptions import HostNetworkError, RangeInUse
from nova_lite.network.planes.linux.metadata_proxy import Listeners
from nova_lite.network.planes.linux.parts import LAN, METADATA, Parts
from nova_lite.network.planes.state import is_within


class Networks:
    """:param cloud: parts.cloud_of the state directory.  :param options: the [network] options.
    :param nft: the nft.Nft.  :param announcer: the announcing.Announcer.
    :param store: the state.Store, in whose directories DHCP has its files.
    :param metadata_app: the WSGI application that answers for metadata; None: nothing does.
    :param native: callable(call, *args, what) that runs a callable in a native thread.
    """

    def __init__(self, cloud, options, nft, announcer, store, metadata_app, native):
        self._cloud = cloud
        self._options = options
        self._nft = nft
        self._announcer = announcer
        self._store = store
        self._dhcp = Dhcp(options)
        self._listeners = Listeners(metadata_app, self._socket_native, self._link_local) if metadata_app else None
        self._native = native
        self._ruled = {}            # network id -> (identity of its namespace, its rules) as set since the last look

    def look_again(self):
        """Set all rules anew when they are next asked for: another program may have flushed them."""
        self._ruled.clear()

    def ruled(self):
        """{network id: (its namespace, the rules there)}"""
        return {key: (self._parts(key).namespace, text) for key, (_, text) in self._ruled.items()}

    def directories(self, network_id):
        """Of the dnsmasqs of a network, whether they run or not."""
        here = self._store.directory(network_id)
        return [here, *sorted(dhcp.seats(here).values())]

    def access_ranges(self):
        """Ranges within which the host itself may reach guests."""
        ranges = self._options.host_access_ranges
        return self._options.default_ranges if ranges is None else ranges

    def prepare(self, segment, layout, around):
        """Bridge, namespace, and the namespace's rules; returns the wiring.Wanted.

        :param layout: the Layout.  :param around: the surroundings.Surroundings.
        :raises HostNetworkError: the kernel refuses.
        """
        network_id = segment.network_id
        six, inner = self.six(network_id, layout, around)
        wanted = self._wanted(layout.own(network_id), segment.mtu, around, six)
        parts = self._parts(network_id)
        self._native(wiring.prepare, parts, wanted, what=f"making network {network_id}")
        if wanted.is_there:
            gateways = [each.partition("/")[0] for each in wanted.gateways]
            closed = [cidr for cidr, each in wanted.outside if each == METADATA]
            text = gateway.ruleset(gateways, closed, wanted.access, self._options, around,
                                   segment.physical_network is None)
            text += gateway6.ruleset(six, inner, self._options, around)
            here = netns.identity(parts.namespace), text
            if self._ruled.get(network_id) != here:
                self._nft.run(text, parts.namespace)
                self._ruled[network_id] = here
        else:
            self._ruled.pop(network_id, None)       # the next namespace may get the number of this one
        return wanted

    def six(self, network_id, layout, around):
        """(what of IPv6 a network's own namespace has, a ranges6.Six or None; ranges of who may send there).

        Where the namespace is the gateway of an external network, it knows what is behind the routers there; it leads
        out where the host knows the way back.
        :raises RangeInUse: the host reaches one of its ranges by another route.
        """
        own = layout.own(network_id)
        if not own.subnets6:
            return None, ()
        is_outer = any(":" in each["cidr"] for each in own.outer)
        access = [ipaddress.ip_network(each) for each in own.access6(self.access_ranges())]
        held = self.held6(network_id, layout, around) if access else {}
        for each in access:
            other = held.get(each) or ranges6.in_the_way(each, around.reached6)
            if other is not None:
                raise RangeInUse(network_id=network_id, cidr=each, other=other, ip="ip -6")
        routed = [(cidr, hop) for cidr, hop in (layout.routed6(network_id) if is_outer else ())
                  if is_within(cidr, self._options.ipv6_routed_ranges) and ranges6.free([cidr], around.reached6)]
        if is_outer and access:         # but where the host has a shorter way
            near = {one for each in layout.routers for one in layout.access6(each, self.access_ranges())}
            access += [cidr for cidr, _ in routed if str(cidr) not in near]
        return ranges6.Six(
            devices=((LAN, ranges6.own_addresses(own.subnets6, layout.answers6(network_id))),),
            routes=tuple((str(cidr), hop, LAN) for cidr, hop in routed), access=tuple(map(str, access)),
            leads_out=bool(is_outer and access and self._options.nat and around.forwards6)
        ), (*own.subnets6, *(str(cidr) for cidr, _ in routed))

    def held6(self, key, layout, around):
        """As ranges6.held, of the link to a network or router."""
        return ranges6.held(self._parts(key).link, layout.claims6(tuple(self.access_ranges())), around.reached6)

    def _link_local(self, network_id):
        return {str(ipv6.link_local(port.mac)): port.addresses[0]["ip"]
                for port in self._store.ports(network_id).values() if port.addresses}

    def _wanted(self, segment, mtu, around, six):
        return wiring.Wanted(
            six=six, mtu=mtu, gateways=segment.gateways, outside=tuple(sorted(segment.outside.items())),
            resolver=around.loopback is not None, access=segment.access(self.access_ranges()),
            transit=ipaddress.ip_network(self._options.transit_range))

    def serve(self, network_id, wanted, layout, around):
        """Links, DHCP and metadata of the subnets whose gateways are in the network's own namespace.

        :param wanted: what ``prepare`` returned.
        :raises HostNetworkError: the kernel refuses, or there is no NIC of its physical network.
        """
        self._join_uplink(layout.segments[network_id])
        segment, parts, directory = layout.own(network_id), self._parts(network_id), self._store.directory(network_id)
        seats, here, scope = layout.seats(network_id), None, 0
        if wanted.is_there:
            here, scope, new = self._native(wiring.connect, parts, wanted, what=f"connecting network {network_id}")
            self._announcer.announce(parts.namespace, new)
        for port_id, where in dhcp.seats(directory).items():
            if port_id not in {leg.port_id for _, leg, _ in seats}:
                self._dhcp.stop(where)
                shutil.rmtree(where, ignore_errors=True)
        seat = Seat(parts.namespace, alone=not seats, scope=scope,
                    leads=any(":" in each["cidr"] for each in segment.outer))
        if segment.ports:
            self._dhcp.ensure(segment, directory, seat, around.asked_from(here))
        else:
            self._dhcp.stop(directory)
        if self._listeners and segment.ports:
            if wanted.gateways:
                self._listeners.ensure(network_id, seat)
            if layout.answers6(network_id):
                self._listeners.ensure(network_id, seat, 6)

    def _join_uplink(self, segment):
        name, nics = segment.physical_network, self._options.physical_networks
        if name is not None and name not in nics:
            raise HostNetworkError(reason=f"network {segment.network_id}: this host has no NIC of the physical network "
                                          f"{name} ([network] physical_networks)")
        if name is not None:
            self._native(uplinks.join, segment.bridge, nics[name], segment.mtu,
                         what=f"putting {nics[name]} on network {segment.network_id}")

    def serve_at_routers(self, network_id, layout, routers, around):
        """DHCP and metadata at the legs of routers that are the network's gateways.

        :param routers: the routers.Routers, that are connected.  :raises HostNetworkError:
        """
        seats, own = layout.seats(network_id), layout.own(network_id)
        alone = len(seats) == 1 and not own.ports
        home = Seat(self._parts(network_id).namespace)
        at = [(home, version) for version, is_here in (
            (4, own.ports and own.subnets), (6, layout.answers6(network_id))) if is_here]
        for router, leg, some in seats:
            place = routers.place(router, leg, alone)
            if place is not None:
                seat, here = place
                where = self._store.seat(network_id, leg.port_id)
                self._dhcp.ensure(some, where, seat, around.asked_from(here))
                for version in (*((4,) if some.subnets else ()), *((6,) if leg.answers6 else ())):
                    at.append((seat, version))
                    if self._listeners:
                        self._listeners.ensure(network_id, seat, version)
        if self._listeners:
            self._listeners.stop(network_id, but=at)

    def take_away(self, network_id):
        """Remove what a network, or a router, has here, but its files."""
        if self._listeners:
            self._listeners.stop(network_id)
        self._dhcp.remove(self._store.directory(network_id))
        self._ruled.pop(network_id, None)
        self._native(wiring.remove, self._parts(network_id), what=f"removing network {network_id}")

    def _parts(self, network_id):
        return Parts(self._cloud, network_id)

    def _socket_native(self, call, *args):
        return self._native(call, *args, what="opening a socket for metadata")

    def close(self):
        """Stop listening; bridges, DHCP and rules stay."""
        if self._listeners:
            self._listeners.close()
