"""The plane of guests that are only remembered: the contract in memory.  It loads none of what real ones need.

It fails and takes time as ``[fake] network_error``, ``network_delay`` and ``port_delay`` say; tests make it fail by
``fails_with`` and ``works``.
"""

import time

from nova_lite.common import concurrency
from nova_lite.network.planes import groups, paths
from nova_lite.network.planes.capabilities import PLANES
from nova_lite.network.planes.contract import Applied, HostPlane, Inspection, PortState
from nova_lite.network.planes.desired import LocalChanges, Merge, newest
from nova_lite.network.planes.exceptions import PlaneFails
from nova_lite.network.planes.known_groups import KnownGroups
from nova_lite.network.planes.port_table import PortTable
from nova_lite.network.planes.routing import Routing
from nova_lite.network.planes.state import SWITCHED_OFF, Port
from nova_lite.objects.desired_group import AddressGroupChanges, GroupChanges
from nova_lite.objects.desired_router import RouterChanges
from nova_lite.objects.desired_state import ScopeChanges, of_network
from nova_lite.virt.spec import Vif


class FakePlane(HostPlane):
    """:param conf: the configuration; None: nothing is configured.
    :param devices: callable(ids of servers, None: all) -> MACs of their NICs whose guests are on; None: ``devices``
        says.
    :ivar remembered: port_table.PortTable, as DHCP and rules would have them.
    :ivar devices: MACs of NICs that have devices; None: every port that is plugged has its own.
    :ivar seen: {field of Inspection: what tests want to be found}
    """

    capabilities = PLANES["fake"]

    def __init__(self, conf=None, devices=None):
        self.remembered = PortTable()
        self._fake = conf and conf.fake
        self._nat = conf is None or conf.network.nat
        self.devices = None
        self._ask_devices = devices
        self._error = None
        self._watchers = []
        self._since = {}            # port id -> when its device was first seen
        self.seen = {}
        self._local = LocalChanges()
        self._networks = {}         # network id -> objects.DesiredNetwork, as last seen
        self.routing = Routing()
        self._groups = KnownGroups(None)

    @property
    def plugged(self):
        """{port id: server id}"""
        return {key: port.server_id for key, port in self.remembered.items()}

    def fails_with(self, error):
        """Let nothing be in force any more, for this reason (text), until ``works``."""
        self._error = error
        self._report()

    def works(self):
        """End what ``fails_with`` began."""
        self._error = None
        self._report()

    def watch(self, callback):
        self._watchers.append(callback)

    def _report(self):
        for callback in self._watchers:
            callback()

    def _fault(self):
        return self._error or (self._fake.network_error if self._fake else None) or ""

    def _act(self):
        if self._fake and self._fake.network_delay:
            concurrency.sleep(self._fake.network_delay)

    def plug(self, nics, server):
        self._act()
        if self._fault():
            raise PlaneFails(reason=self._fault())
        self._local.plug([nic.port_id for nic in nics])
        for nic in nics:
            self.remembered[nic.port_id] = newest(Port.of(nic, server), self.remembered.get(nic.port_id),
                                                  self._networks.get(nic.network_id))
        return [Vif(mac=nic.mac, tap=nic.tap, bridge=nic.bridge, mtu=nic.mtu) for nic in nics]

    def unplug(self, nics):
        self._act()
        self._local.unplug([nic.port_id for nic in nics])
        for nic in nics:
            self.remembered.pop(nic.port_id, None)

    def present(self):
        return list(self.remembered.values())

    def port_groups(self):
        return set(self.remembered.groups)

    def networks(self):
        return sorted(each for each in self.remembered.networks if each)

    def follows(self):
        return self.routing.follows(self.networks(), self._networks)

    def keep(self, scopes):
        self.routing.keep(scopes)
        self._groups.keep(*groups.ids(scopes))
        self._networks = {key: each for key, each in self._networks.items() if of_network(key) in scopes}

    def ports(self, only=None):
        some = self.present() if only is None else [self.remembered[each] for each in only if each in self.remembered]
        fault, delay = self._fault(), self._fake.port_delay if self._fake else 0
        macs = self._macs(None if only is None else {each.server_id for each in some})
        lacking = {(each.port_security, each.security_groups): each for each in some}
        lacking = {key: self.lacks(each) for key, each in lacking.items()}      # the same for all with these groups
        return {port.port_id: self._state(port, macs is None or port.mac in macs,
                                          fault or lacking[port.port_security, port.security_groups], delay)
                for port in some}

    def _macs(self, server_ids):
        return self.devices if self._ask_devices is None else self._ask_devices(server_ids)

    def _state(self, port, has_device, fault, delay):
        if delay and has_device and not fault and self._is_early(port.port_id, delay):
            fault = "it does not work yet"
        if not port.admin_up:
            fault = SWITCHED_OFF
        if not has_device:
            self._since.pop(port.port_id, None)
        return PortState(port.server_id, port.network_id, port.revisions, has_device, fault)

    def _is_early(self, port_id, delay):
        """Whether a port's device is there for less than ``delay`` seconds, at whose end that is reported."""
        if port_id not in self._since:
            self._since[port_id] = time.monotonic()
            concurrency.spawn(self._report_after, delay)
        return time.monotonic() - self._since[port_id] < delay

    def _report_after(self, seconds):
        concurrency.sleep(seconds + 0.01)
        self._report()

    def known_groups(self):
        return self._groups.now

    def inspect(self):
        return Inspection(self.ports(), **self.seen)

    def trace(self, port_id, address):
        return paths.way(list(self.remembered.values()), self.ports(), port_id, address, self._nat, self.routing)

    def join(self, tap):
        return False

    def heal(self):
        """Nothing can break."""

    def moment(self):
        return self._local.moment()

    def _apply(self, changes, since, in_use):
        self._act()
        if self._fault():
            return {each.scope: Applied(None, self._fault()) for each in changes}
        merge = Merge(self.remembered, self._networks, self._local, since, in_use)
        applied = {each.scope: Applied(each.revision) if merge.take(each) else Applied(None, "changed meanwhile")
                   for each in changes if isinstance(each, ScopeChanges)}
        for port_id, port in merge.changed.items():
            if port is None:
                self.remembered.pop(port_id, None)
            else:
                self.remembered[port_id] = port
        self._networks = merge.networks
        for each in changes:
            if isinstance(each, RouterChanges):
                self.routing.take(each)
            elif isinstance(each, GroupChanges | AddressGroupChanges):
                self._groups.take(each)
            applied.setdefault(each.scope, Applied(each.revision))
        return applied

    def restore(self):
        """Nothing is remembered."""

    def close(self):
        """Nothing is open."""

    def destroy_all(self):
        self.remembered.clear()
