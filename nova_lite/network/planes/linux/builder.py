"""Makes of a Layout what the machine has: networks, routers and the rules of all.

The order is one in which nothing passes that should not.
"""

import contextlib
import ipaddress

from nova_lite.common import exceptions
from nova_lite.network.planes.capabilities import PLANES, Capability
from nova_lite.network.planes.linux import (
    bridge,
    comparison,
    dhcp,
    firewall,
    netns,
    ranges6,
    surroundings,
    wiring,
)
from nova_lite.network.planes.linux.announcing import Announcer
from nova_lite.network.planes.linux.exceptions import RangeInUse
from nova_lite.network.planes.linux.guard import Guard
from nova_lite.network.planes.linux.layout import changed_routers
from nova_lite.network.planes.linux.networks import Networks
from nova_lite.network.planes.linux.nft import Nft
from nova_lite.network.planes.linux.parts import Parts
from nova_lite.network.planes.linux.routers import Routers


class Builder:
    """Only one call runs at a time.

    :param conf: the configuration.  :param cloud: parts.cloud_of the state directory.
    :param store: the state.Store.  :param known: the known_groups.KnownGroups.
    :param metadata_app: as of Networks.
    :param native: callable(call, *args, what) that runs a callable in a native thread.
    :ivar broken: {id of a network or router, or None for all: why it is not as it should be}
    """

    def __init__(self, conf, cloud, store, known, metadata_app, native):
        self._conf = conf
        self._cloud = cloud
        self._store = store
        self._known = known
        self._native = native
        self._nft = Nft(self._nft_native)
        announcer = Announcer(native)
        self.guard = Guard(cloud, self._nft.run, self._guard_native, conf.network.anti_spoofing,
                           Capability.SECURITY_GROUPS in PLANES["linux"], conf.network.physical_networks)
        self._uplinks = set(conf.network.physical_networks.values())
        self._networks = Networks(cloud, conf.network, self._nft, announcer, store, metadata_app, native)
        self._routers = Routers(cloud, conf.network, self._nft, announcer, native)
        self._comparison = comparison.Comparison()
        self._routed = ""           # the host's own rules but guests', as set last
        self._names = {}            # of the configuration, and their addresses
        self._around = None         # surroundings.Surroundings, as last seen
        self.broken = {}

    def make(self, network_ids, before, layout, anew=False):
        """Create or complete these networks, and set the rules of all.

        :param before: the Layout before; what has changed of routers since is made, too, or taken away.
        :param anew: complete also the routers of these networks in which nothing has changed.
        :param layout: the Layout now.
        :returns: {id of network or router, or None for all: error} of those that could not be made.
        """
        errors, wanted = {}, {}
        changed = changed_routers(before, layout, self._networks.access_ranges())
        on_these = layout.routers_on(network_ids)
        ids = changed | on_these if anew else changed | on_these & self.broken.keys()
        routers = [layout.routers[each] for each in sorted(ids & layout.routers.keys())]
        network_ids = {*network_ids, *before.networks_of(changed), *layout.networks_of(changed),
                       *layout.networks_of(each.id for each in routers)}
        segments = [layout.segments[each] for each in sorted(network_ids & layout.segments.keys())]
        left = True
        with kept(errors, None):
            left = self._leave(before, layout)
        if segments:
            with kept(errors, None):
                self._look_around()
        for segment in segments:
            with kept(errors, segment.network_id):
                wanted[segment.network_id] = self._networks.prepare(segment, layout, self._around)
        there = {}
        if routers:
            with kept(errors, None):
                there = self._native(wiring.legs, what="listing routers' links")
        for router in routers:
            with kept(errors, router.id):
                self._routers.prepare(router, self._access(layout, router), self._around, there)
        if segments or left:
            with kept(errors, None):
                self._apply_rules(layout)
        for segment in segments:
            with kept(errors, segment.network_id):
                if segment.network_id in wanted:
                    self._networks.serve(segment.network_id, wanted[segment.network_id], layout, self._around)
        for router in routers:
            if router.id not in errors:
                with kept(errors, router.id):
                    self._routers.connect(router, self._access(layout, router), self._around)
        for segment in segments:
            with kept(errors, segment.network_id):
                self._networks.serve_at_routers(segment.network_id, layout, self._routers, self._around)
        made = {None, *network_ids, *(each.id for each in routers), *(before.routers.keys() - layout.routers.keys())}
        self.broken = {key: error for key, error in self.broken.items() if key not in made} | errors
        return errors

    def enforce(self, layout):
        """Put what groups say in force, where no port and no network changed."""
        errors = {}
        with kept(errors, None):
            if None in self.broken:
                self._apply_rules(layout)
            else:
                self._guard_ports(layout)
        self.broken = {key: error for key, error in self.broken.items() if key is not None} | errors

    def fault_of(self, ids):
        """Why some networks and routers are not as they should be; "": they are."""
        return "; ".join(sorted({str(error) for key, error in self.broken.items() if key is None or key in ids}))

    def _leave(self, before, layout):
        """Take away routers, and networks of routers, that no port here needs any more; returns their ids."""
        left = (before.routers.keys() | self._routers.made) - layout.routers.keys()
        left |= before.segments.keys() - layout.segments.keys() - set(self._store.networks())
        for each in left:
            self.take_away(each)
        return left

    def _access(self, layout, router):
        """(ranges of IPv4, of IPv6) that the host reaches by a router."""
        ranges = self._networks.access_ranges()
        wanted = [ipaddress.ip_network(each) for each in layout.access6(router.id, ranges)]
        held = self._networks.held6(router.id, layout, self._around) if wanted else {}
        return layout.access(router.id, ranges), tuple(map(str, ranges6.free(
            [each for each in wanted if each not in held], self._around.reached6)))

    def remove(self, network_id, layout):
        """Remove all of a network, and its files last.  :param layout: the Layout, without it."""
        self.take_away(network_id)
        self._apply_rules(layout)
        self._store.forget(network_id)

    def take_away(self, network_id):
        """Remove what a network, or a router, has here."""
        self._routers.forget(network_id)
        self.broken.pop(network_id, None)
        self._networks.take_away(network_id)

    def take_away_all(self, network_ids):
        """Remove these networks and routers, and the rules and files of all."""
        for network_id in network_ids:
            self.take_away(network_id)
        self._nft.run(firewall.nothing(self._cloud))
        self.guard.enforce((), {}, self._known.now)
        for network_id in network_ids:
            self._store.forget(network_id)

    def has_guests(self, network_id):
        """Whether devices of guests are on its bridge, also where what was plugged is not remembered."""
        return bool(self.guests_of(self.devices(), self._parts(network_id).bridge))

    def guests_of(self, found, name):
        """As of bridge, of which NICs of physical networks are none."""
        return [each for each in bridge.guests_of(found, name) if each not in self._uplinks]

    def devices(self):
        """As bridge.devices."""
        return self._native(bridge.devices, what="listing the host's devices")

    def owned(self):
        """As wiring.owned, without NICs of physical networks."""
        found = self._native(wiring.owned, self._cloud, what="listing what networks have here")
        return {key: [each for each in guests if each not in self._uplinks] for key, guests in found.items()}

    def distrust(self):
        """Another program may have changed whatever there is: the next ``make`` sets all of it."""
        self._networks.look_again()
        self.guard.distrust()
        self._routers.look_again()

    def altered(self):
        """"host", and ids of networks and routers, where nftables has other rules than it was given, in order.

        :raises HostNetworkError: nobody can say.
        """
        known = {"host": (None, self.guard.text() + self._routed)} | self._networks.ruled() | self._routers.ruled()
        return sorted(self._native(self._comparison.differing, known, what="comparing rules"))

    def look_up(self):
        """Resolve host names in the configuration, which may take long."""
        self._names = self._native(surroundings.resolve, self._conf, self._names, what="looking up names")

    def facts(self, layout):
        """What of the networks here the kernel reports no changes of: namespaces' names, dnsmasqs, name servers."""
        networks = [*layout.segments, *layout.routers]
        return ([netns.identity(self._parts(each).namespace) for each in networks],
                [(dhcp.running(where), dhcp.has_long_log(where))
                 for each in layout.segments for where in self._networks.directories(each)],
                self._looked_around())

    def _look_around(self):
        self._around = self._looked_around()

    def _looked_around(self):
        addresses = {one for some in self._names.values() for one in some}
        return self._native(surroundings.look, self._conf, addresses, what="looking at the host's addresses")

    def _apply_rules(self, layout):
        """The host's rules, of those networks whose bridges are there."""
        if self._around is None:
            self._look_around()
        segments, parts = self._guard_ports(layout)
        text = firewall.ruleset(self._cloud, segments, parts, self._conf.network, self._around,
                                [self._parts(each) for each in layout.routers], self._linked6(segments, layout))
        self._nft.run(text)
        self._routed = text

    def _linked6(self, segments, layout):
        """{name of a link with IPv6: whether what others send comes in by it}"""
        found = {}
        for each in segments:
            with contextlib.suppress(RangeInUse):       # that network is broken
                six, _ = self._networks.six(each.network_id, layout, self._around)
                if six and six.is_linked:
                    found[self._parts(each.network_id).link] = six.leads_out
        return found | {self._parts(each.id).link: False for each in layout.routers.values()
                        if self._access(layout, each)[1]}

    def _guard_ports(self, layout):
        """What guests' frames and packets must be like, on those networks whose bridges are there; returns these."""
        there = self.devices()
        segments = [each for each in layout.segments.values() if each.bridge in there]
        parts = {each.network_id: self._parts(each.network_id) for each in segments}
        self.guard.enforce(segments, parts, self._known.now)
        return segments, parts

    def _parts(self, network_id):
        return Parts(self._cloud, network_id)

    def _guard_native(self, call, *args):
        return self._native(call, *args, what="checking connections by security groups")

    def _nft_native(self, call, *args):
        return self._native(call, *args, what="setting the firewall")

    def close(self):
        """As of Networks."""
        self._networks.close()


@contextlib.contextmanager
def kept(errors, network_id):
    """Add an error of one network to ``errors``, so that others go on."""
    try:
        yield
    except exceptions.NovaLiteError as error:
        errors.setdefault(network_id, error)
