"""The plane of Linux alone: plugs and unplugs NICs of guests, with bridge, DHCP, NAT, anti-spoofing and metadata."""

import contextlib
import dataclasses
import logging
import os

from nova_lite.common import concurrency, exceptions
from nova_lite.network.planes import groups, paths
from nova_lite.network.planes.capabilities import PLANES, Capability
from nova_lite.network.planes.contract import Applied, HostPlane, Inspection, PortState
from nova_lite.network.planes.desired import LocalChanges, Merge, newest
from nova_lite.network.planes.known_groups import KnownGroups
from nova_lite.network.planes.linux import bridge, bridge_filter, dhcp, neighbours, netns
from nova_lite.network.planes.linux.builder import Builder
from nova_lite.network.planes.linux.layout import Layout
from nova_lite.network.planes.linux.metadata_proxy import forwarder
from nova_lite.network.planes.linux.parts import cloud_of
from nova_lite.network.planes.linux.rest import Rest
from nova_lite.network.planes.linux.shaping import Shaper
from nova_lite.network.planes.routing import RouterFiles, Routing
from nova_lite.network.planes.state import SWITCHED_OFF, Port, Store
from nova_lite.objects.desired_group import AddressGroupChanges, GroupChanges
from nova_lite.objects.desired_router import RouterChanges, of_router
from nova_lite.objects.desired_state import ScopeChanges, of_network
from nova_lite.virt.spec import Vif

LOG = logging.getLogger(__name__)

_HEAL = 30          # seconds between two runs of ``heal``


class LinuxPlane(HostPlane):
    """One host's network.  Only one call runs at a time.

    :param conf: the configuration.
    :param metadata_app: the WSGI application of a metadata service in this process; None asks ``[metadata] url``, and
        without that guests have only their config drives.
    """

    capabilities = PLANES["linux"]

    def __init__(self, conf, metadata_app=None):
        self._conf = conf
        self._options = conf.network
        self._store = Store(os.path.join(conf.state_dir, "network"))
        self._router_files = RouterFiles(os.path.join(conf.state_dir, "network"))
        self._routing = self._router_files.load()
        self._cloud = cloud_of(conf.state_dir)
        self._known = KnownGroups(os.path.join(conf.state_dir, "groups"))
        self._builder = Builder(conf, self._cloud, self._store, self._known, metadata_app or forwarder(conf.metadata),
                                self._native)
        self._shaper = Shaper(self._cloud, lambda call, *args: self._native(call, *args, what="limiting rates"))
        self._networks = {}         # network id -> objects.DesiredNetwork, as last seen
        self._rest = Rest(lambda: self._builder.facts(self._layout()))
        self._local = LocalChanges()
        self._watchers = []
        self._lock = concurrency.Lock()
        self._healing = None

    def plug(self, nics, server):
        """As of HostPlane.  :raises HostNetworkError:"""
        with self._lock:
            ports = _by_network(self._newest(Port.of(nic, server)) for nic in nics)
            before = self._layout()
            for network_id, some in ports.items():
                self._store.save(network_id, self._store.ports(network_id) | some)
                self._local.plug(some)
            self._must(self._make(ports, before), ports)
        if not all(self.groups().values()):
            self._notify()
        return [Vif(mac=nic.mac, tap=nic.tap, bridge=nic.bridge, mtu=nic.mtu) for nic in nics]

    def _newest(self, port):
        return newest(port, self._store.ports(port.network_id).get(port.port_id), self._networks.get(port.network_id))

    def unplug(self, nics):
        with self._lock:
            self._unplug({nic.port_id for nic in nics}, {nic.network_id for nic in nics})

    def _unplug(self, port_ids, network_ids):
        self._local.unplug(port_ids)
        present, before = {each for each in network_ids if each in self._store.networks()}, self._layout()
        for network_id in present:
            kept = {key: port for key, port in self._store.ports(network_id).items() if key not in port_ids}
            if kept != self._store.ports(network_id):
                self._store.save(network_id, kept)
        if present:
            after = self._layout().segments
            for network_id in present - after.keys():
                self._remove(network_id)
            self._must(self._make(present, before), present)
            self._shape()

    def _shape(self):
        """Limit the rates of those ports whose devices are there."""
        self._shaper.apply(self.present())

    def present(self):
        """The ports (state.Port) that are plugged here, as far as their files say."""
        return [port for segment in self._store.segments() for port in segment.ports]

    def networks(self):
        return [segment.network_id for segment in self._store.segments()]

    def _layout(self):
        return Layout(self._store.segments(), self._routing, self._networks)

    def follows(self):
        """As of HostPlane; routers only where this plane has them."""
        has_routers = Capability.ROUTERS in self.capabilities
        return self._routing.follows(self.networks(), self._networks) if has_routers else set(
            map(of_network, self.networks()))

    def keep(self, scopes):
        with self._lock:
            self._networks = {key: each for key, each in self._networks.items() if of_network(key) in scopes}
            self._routing.keep(scopes)
            self._known.keep(*groups.ids(scopes))

    def ports(self, only=None):
        self._shape()
        return self._states(self._devices(), only)

    def _states(self, devices, only=None):
        some = [port for port in self.present() if only is None or port.port_id in only]
        faults = {each: self._fault_at(each) for each in {port.network_id for port in some}}
        return {port.port_id: PortState(
            port.server_id, port.network_id, port.revisions, devices.get(port.tap) == port.bridge,
            self._fault(port, faults, devices) if port.admin_up else SWITCHED_OFF) for port in some}

    def _fault(self, port, faults, devices):
        """Why a port does not work as it should; "": it does.  :param faults: {network id: why it does not work}"""
        return faults[port.network_id] or self.lacks(port) or self._builder.guard.fault(port) or (
            self._shaper.fault(port) if port.tap in devices else "")

    def known_groups(self):
        return self._known.now

    def _fault_at(self, network_id):
        """Why a network does not work for its guests; "": it does."""
        lacking = self._routing.lacking(self._networks.get(network_id))
        if lacking and Capability.ROUTERS in self.capabilities:
            return f"{of_router(min(lacking))} has yet to be fetched"
        if not self._builder.broken:
            return ""
        return self._builder.fault_of({network_id, *(owner.id for owner, _, _ in self._layout().seats(network_id))})

    def watch(self, callback):
        self._watchers.append(callback)

    def inspect(self):
        devices = self._devices()
        return Inspection(
            ports=self._states(devices), strays=self.strays(), leases=self._leases(),
            devices=[each for segment in self._layout().segments.values()
                     for each in self._builder.guests_of(devices, segment.bridge)],
            loose=[port.tap for port in self.present() if port.tap in devices and devices[port.tap] is None],
            altered=self._altered())

    def _altered(self):
        with self._lock, _logged():
            if self._rest.holds():
                return []
            return [*self._builder.altered(), *self._shaper.altered(self.present())]
        return []

    def trace(self, port_id, address):
        return paths.way(self.present(), self.ports(), port_id, address, self._options.nat, self._routing)

    def _devices(self):
        return self._builder.devices()

    def strays(self):
        """Ids of networks and routers of this cloud that have a namespace, bridge or link here, and no port here needs
        them; networks with guests are none.
        """
        found, layout = self._builder.owned(), self._layout()
        known = {*self._store.networks(), *layout.segments, *layout.routers}
        return sorted(each for each, guests in found.items() if not guests and each not in known)

    def join(self, tap):
        with self._lock:
            for port in self.present():
                if port.tap == tap:
                    self._native(bridge.join, tap, port.bridge, what=f"putting {tap} on {port.bridge}")
                    return True
        return False

    def _leases(self):
        found = {}
        for segment in self._store.segments():
            of_mac = {port.mac: port.port_id for port in segment.ports}
            for each in dhcp.known(self._store.directory(segment.network_id)):
                found[each] = of_mac.get(each.partition(",")[0], "")
        return found

    def moment(self):
        return self._local.moment()

    def _apply(self, changes, since, in_use):
        with self._lock:
            of_groups = [each for each in changes if isinstance(each, GroupChanges | AddressGroupChanges)]
            for each in of_groups:
                self._known.take(each)
            before, layout = {port.port_id: port for port in self.present()}, self._layout()
            merge = Merge(before, self._networks, self._local, since, in_use)
            late = {each.scope for each in changes if isinstance(each, ScopeChanges) and not merge.take(each)}
            self._networks = merge.networks
            for each in changes:
                if isinstance(each, RouterChanges):
                    self._routing.take(each)
            self._replace(before, merge.ports, layout)
            if of_groups:
                self._builder.enforce(self._layout())
            return {each.scope: Applied(None, why) if (why := self._why(each, late)) else Applied(each.revision)
                    for each in changes}

    def _replace(self, before, after, layout):
        """Save the ports ``after`` instead of ``before``, and apply them and what else has changed.

        :param layout: the Layout before.
        """
        differ = {port.network_id for key in before.keys() | after.keys() if before.get(key) != after.get(key)
                  for port in (before.get(key), after.get(key)) if port is not None}
        ports = _by_network(after.values())
        for network_id in sorted(differ):
            self._store.save(network_id, ports.get(network_id, {}))
        self._router_files.save(self._routing)
        self._make(differ, layout)
        self._shape()
        for network_id in differ - self._layout().segments.keys():
            with _logged():
                self._remove(network_id)

    def _why(self, change, late):
        """Why a scope is not in force; "": it is."""
        if change.scope in late:
            return "What it names was plugged or unplugged meanwhile."
        if isinstance(change, GroupChanges | AddressGroupChanges):
            return self._builder.fault_of(())
        if isinstance(change, RouterChanges):
            router_id = change.scope.removeprefix(of_router(""))
            return self._builder.fault_of({router_id, *self._layout().networks_of([router_id])})
        of_networks = self._builder.fault_of({each.id for each in change.networks} or self._builder.broken.keys())
        return of_networks or ("" if change.networks else self._shaper.faults())

    def restore(self):
        """As of HostPlane, by what the files say.  Errors are logged, so that one network does not affect others.

        :raises NoBridgeFilter: security groups cannot be in force.
        """
        if not netns.outlives():
            LOG.warning("This service has a view of file systems of its own (ProtectSystem= or PrivateTmp= of its "
                        "unit): guests' networks break when it stops. Take such lines out of the unit.")
        if Capability.SECURITY_GROUPS in self.capabilities:
            self._native(bridge_filter.ensure, what="loading br_netfilter")
        with _logged():
            self._native(neighbours.make_space, what="setting the size of the table of neighbours")
        self.heal()
        if self._healing is None:
            self._healing = concurrency.every(_HEAL, self.heal, first=_HEAL)

    def heal(self):
        """Restart what died, restore rules that another program flushed, remove what belongs to no network here.

        Nothing is done while nothing has changed, as far as the kernel and a look at processes and name servers say.
        """
        with self._lock:
            before = self._builder.broken
            with _logged():
                self._builder.look_up()
            if not self._is_faulty() and self._rest.holds():
                return
            self._rest.ends()
            self._heal()
            self._rest.begins()
            changed = {str(key): str(error) for key, error in before.items()} != {
                str(key): str(error) for key, error in self._builder.broken.items()}
        if changed:
            self._notify()

    def _is_faulty(self):
        return self._builder.broken or self._shaper.faults()

    def _notify(self):
        for callback in self._watchers:
            callback()

    def _heal(self):
        self._builder.distrust()
        self._shaper.distrust()
        layout = self._layout()
        for error in self._make(layout.segments, layout, anew=True).values():
            LOG.error("%s", error)
        for network_id in self._store.networks():
            with _logged():
                if network_id not in layout.segments and not self._builder.has_guests(network_id):
                    self._remove(network_id)
        with _logged():
            for network_id in self.strays():
                LOG.warning("Removing what is left of network or router %s, which no port here needs.", network_id)
                self._remove(network_id)
        with _logged():
            self._shape()

    def _make(self, network_ids, before, anew=False):
        """As of Builder.  :param before: the Layout before."""
        return self._builder.make(network_ids, before, self._layout(), anew)

    def _remove(self, network_id):
        self._builder.remove(network_id, self._layout())

    @staticmethod
    def _must(errors, network_ids):
        """Raise an error of all, or of some networks; what is amiss with routers shows on their ports."""
        for key, error in errors.items():
            if key is None or key in network_ids:
                raise error

    def _native(self, call, *args, what):
        return concurrency.native(call, *args, deadline=self._options.plug_timeout, what=what)

    def close(self):
        """Stop listening; bridges, DHCP and rules stay."""
        if self._healing is not None:
            self._healing.stop()
            self._healing = None
        self._rest.close()
        self._builder.close()

    def destroy_all(self):
        self.close()
        with self._lock:
            self._shaper.distrust()
            self._shaper.apply([dataclasses.replace(port, qos={}) for port in self.present()])
            self._builder.take_away_all({*self._store.networks(), *self._layout().routers, *self._builder.owned()})
            self._routing = Routing()
            self._router_files.save(self._routing)


@contextlib.contextmanager
def _logged():
    try:
        yield
    except exceptions.NovaLiteError as error:
        LOG.error("%s", error)


def _by_network(ports):
    """{network id: {port id: Port}}"""
    found = {}
    for port in ports:
        found.setdefault(port.network_id, {})[port.port_id] = port
    return found
