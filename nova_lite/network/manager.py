"""The network's part on a host: NICs of guests get bridge, DHCP, NAT, protection and metadata, and lose them again."""

import logging
import os

from nova_lite.common import concurrency, exception
from nova_lite.network.host import bridge, dhcp, firewall
from nova_lite.network.host.dhcp import Dhcp
from nova_lite.network.host.metadata_proxy import Forwarder, Listeners
from nova_lite.network.host.state import Port, Segment, Store
from nova_lite.virt.driver import Vif

LOG = logging.getLogger(__name__)

_HEAL = 30          # seconds between two looks at whether everything still runs


class HostNetwork:
    """One host's network; every call may be repeated, and one runs at a time.

    What it makes outlives it: guests keep their network while the service is down, and ``sync`` finds it again.

    :param conf: the configuration.
    :param metadata_app: the WSGI application of a metadata service in this process; None asks ``[metadata] url``, and
        without that guests have only their config drives.
    """

    def __init__(self, conf, metadata_app=None):
        self._options = conf.network
        self._store = Store(os.path.join(conf.state_dir, "network"))
        self._table = firewall.table(conf.state_dir)
        self._nft = firewall.Nft()
        self._dhcp = Dhcp(conf.network)
        app = metadata_app or _forwarder(conf.metadata)
        self._listeners = Listeners(app) if app else None
        self._lock = concurrency.Lock()
        self._healing = None

    def plug(self, nics, server):
        """Prepare the host for a server's NICs; the hypervisor then makes each tap join its bridge.

        :param nics: objects.Nic, in order.  :param server: their objects.Server.
        :returns: [virt.driver.Vif] in the same order.
        :raises HostNetworkError: and ``unplug`` takes away what was made.
        """
        with self._lock:
            for network_id, ports in _by_network(Port.of(nic, server) for nic in nics).items():
                self._store.save(network_id, self._store.ports(network_id) | ports)
                self._make(network_id)
            if nics:
                self._apply_rules()
        return [Vif(mac=nic.mac, tap=nic.tap, bridge=nic.bridge, mtu=nic.mtu) for nic in nics]

    def unplug(self, nics):
        """Take away what ``plug`` made for these NICs; a network without ports leaves nothing on the host."""
        with self._lock:
            self._unplug({nic.port_id for nic in nics}, {nic.network_id for nic in nics})

    def _unplug(self, port_ids, network_ids):
        present = {each for each in network_ids if each in self._store.networks()}
        for network_id in present:
            kept = {key: port for key, port in self._store.ports(network_id).items() if key not in port_ids}
            if kept != self._store.ports(network_id):
                self._store.save(network_id, kept)
        if present:
            self._apply_rules()
        for network_id in present:
            if self._store.ports(network_id):
                self._make(network_id)
            else:
                self._remove(network_id, bridge_name(network_id))

    def present(self):
        """The ports (state.Port) that are plugged here, as far as is remembered."""
        return [port for segment in self._store.segments() for port in segment.ports]

    def taps(self):
        """Names of the devices that really are on this cloud's bridges."""
        return [device for segment in self._store.segments() for device in bridge.members(segment.bridge)]

    def loose(self):
        """Names of the plugged ports' devices that are there, and on no bridge."""
        return [port.tap for port in self.present() if bridge.is_loose(port.tap)]

    def join(self, tap):
        """Put the device of a plugged port back on its bridge; whether there is such a port."""
        with self._lock:
            for port in self.present():
                if port.tap == tap:
                    self._native(bridge.join, tap, port.bridge, what=f"putting {tap} on {port.bridge}")
                    return True
        return False

    def leases(self):
        """{"mac,address" that DHCP servers answer: id of the port plugged with that MAC, or ""}"""
        found = {}
        for segment in self._store.segments():
            of_mac = {port.mac: port.port_id for port in segment.ports}
            for each in dhcp.known(self._store.directory(segment.network_id)):
                found[each] = of_mac.get(each.partition(",")[0], "")
        return found

    def sync(self, servers):
        """At start-up: make again what a reboot or a crash took, drop what has no owner; then keep watch.

        :param servers: objects.Server of all servers placed on this host.  What fails is logged, for one network must
            not keep the others down.
        """
        expected = _by_network(Port.of(nic, server) for server in servers for nic in server.nics)
        with self._lock:
            for network_id in {*expected, *self._store.networks()}:
                self._store.save(network_id, expected.get(network_id, {}))
            self._heal()
            for network_id in self._store.networks():
                if not self._store.ports(network_id):
                    self._attempt(self._remove, network_id, bridge_name(network_id))
        if self._healing is None:
            self._healing = concurrency.every(_HEAL, self.heal, first=_HEAL)

    def heal(self):
        """Start what died and put back rules that another program flushed."""
        with self._lock:
            self._heal()

    def _heal(self):
        for segment in self._store.segments():
            self._attempt(self._make, segment.network_id)
        if self._store.networks():
            self._attempt(self._apply_rules)

    @staticmethod
    def _attempt(call, *args):
        try:
            call(*args)
        except exception.NovaLiteError as error:
            LOG.error("%s", error)

    def _make(self, network_id):
        segment = Segment(network_id, tuple(self._store.ports(network_id).values()))
        made = self._native(bridge.ensure, segment, what=f"making bridge {segment.bridge}")
        self._dhcp.ensure(segment, self._store.directory(network_id))
        if self._listeners:
            if made:
                self._listeners.stop(network_id)        # an ear on a bridge that is gone hears nothing of its successor
            self._listeners.ensure(segment)

    def _remove(self, network_id, name):
        if self._listeners:
            self._listeners.stop(network_id)
        self._dhcp.stop(self._store.directory(network_id))
        self._native(bridge.remove, name, what=f"removing bridge {name}")
        self._store.forget(network_id)

    def _apply_rules(self):
        ports = self._listeners.ports if self._listeners else {}
        self._run(firewall.ruleset(self._table, self._store.segments(), self._options, ports))

    def _run(self, text):
        if self._nft.native:
            self._native(self._nft.run, text, what="setting the firewall")
        else:
            self._nft.run(text)

    def _native(self, call, *args, what):
        return concurrency.native(call, *args, deadline=self._options.plug_timeout, what=what)

    def close(self):
        """Stop listening; bridges, DHCP and rules stay, for the guests go on."""
        if self._healing is not None:
            self._healing.stop()
            self._healing = None
        if self._listeners:
            self._listeners.close()

    def destroy_all(self):
        """Take away everything that this cloud ever made on this host's network."""
        self.close()
        with self._lock:
            self._run(firewall.nothing(self._table))
            for network_id in self._store.networks():
                self._remove(network_id, bridge_name(network_id))


def bridge_name(network_id):
    return "nlb" + network_id[:11]


def _by_network(ports):
    """{network id: {port id: Port}}"""
    found = {}
    for port in ports:
        found.setdefault(port.network_id, {})[port.port_id] = port
    return found


def _forwarder(options):
    if not options.url:
        return None
    if not options.shared_secret:
        raise exception.Misconfigured(problem="[metadata] url is set without a secret.",
                                      remedy="Set [metadata] shared_secret to the same text on all hosts.")
    return Forwarder(options.url, options.shared_secret, options.timeout)
