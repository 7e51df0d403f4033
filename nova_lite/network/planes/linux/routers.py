"""The routers of a host: namespaces with rules and links, made in an order in which nothing passes that should not."""

import ipaddress

from nova_lite.network.planes.linux import netns, router_rules, router_rules6, router_wiring, translations
from nova_lite.network.planes.linux.dhcp import Seat
from nova_lite.network.planes.linux.parts import Parts


class Routers:
    """:param cloud: parts.cloud_of the state directory.  :param options: the [network] options.
    :param nft: the nft.Nft.  :param announcer: the announcing.Announcer.
    :param native: callable(call, *args, what) that runs a callable in a native thread.
    """

    def __init__(self, cloud, options, nft, announcer, native):
        self._cloud = cloud
        self._options = options
        self._nft = nft
        self._announcer = announcer
        self._native = native
        self._ruled = {}        # router id -> (identity of its namespace, its rules) as set since the last look
        self._current = {}      # the same, of which all connections are as the rules say
        self._places = {}       # router id -> (the host's address of its link, {device: index}), since it is connected

    @property
    def made(self):
        """Ids of the routers that were prepared."""
        return set(self._current)

    def look_again(self):
        """Set all rules anew when they are next asked for: another program may have flushed them."""
        self._ruled.clear()

    def ruled(self):
        """{router id: (its namespace, the rules there)}"""
        return {key: (Parts(self._cloud, key).namespace, text) for key, (_, text) in self._ruled.items()}

    def prepare(self, router, access, surroundings, there):
        """The namespace of a layout.Router with its rules; connections by translations that are no more end.

        :param access: (ranges of IPv4, of IPv6) that the host itself may reach.
        :param there: what ``wiring.legs`` returned before.
        :raises HostNetworkError: the kernel refuses.
        """
        parts = Parts(self._cloud, router.id)
        self._current.setdefault(router.id, None)
        self._native(router_wiring.prepare, parts, router, there, what=f"making router {router.id}")
        text = router_rules.ruleset(router, access[0], self._options, surroundings) + router_rules6.ruleset(
            router, access[1], self._options, surroundings)
        here = netns.identity(parts.namespace), text
        if self._ruled.get(router.id) != here:
            self._nft.run(text, parts.namespace)
            self._ruled[router.id] = here
        if self._current[router.id] != here:
            transit = ipaddress.ip_network(self._options.transit_range)
            self._native(translations.end_stale, parts.namespace, router, transit,
                         what=f"ending connections of router {router.id}")
            self._current[router.id] = here

    def connect(self, router, access, surroundings):
        """The links of a router that is prepared.  :param access: as of ``prepare``.

        :raises HostNetworkError: the kernel refuses.
        """
        parts = Parts(self._cloud, router.id)
        self._places.pop(router.id, None)
        wanted = router_wiring.Wanted(
            mtu=router.mtu, access=access[0], six=router_wiring.six(router, access[1]),
            transit=ipaddress.ip_network(self._options.transit_range),
            resolver=surroundings.loopback is not None)
        here, index, new = self._native(router_wiring.connect, self._cloud, parts, router, wanted,
                                        what=f"connecting router {router.id}")
        self._places[router.id] = here, index
        self._announcer.announce(parts.namespace, new)

    def place(self, router, leg, alone):
        """(the dhcp.Seat at a leg, the host's address of the router's link); None where it is not connected."""
        here, index = self._places.get(router.id, (None, {}))
        if leg.device not in index:
            return None
        return Seat(Parts(self._cloud, router.id).namespace, leg.device, index[leg.device], alone,
                    index[leg.device], router.up and leg.up), here

    def forget(self, router_id):
        """A router is taken away."""
        for each in (self._ruled, self._current, self._places):
            each.pop(router_id, None)
