"""The network of guests that are only remembered; it loads none of what real ones need."""

import typing

from nova_lite.virt.driver import Vif


class Plugged(typing.NamedTuple):
    port_id: str
    server_id: str


class FakeHostNetwork:
    """What ``network.manager.HostNetwork`` offers, without effects.  :ivar plugged: {port id: server id}"""

    def __init__(self, conf, metadata_app=None):
        self.plugged = {}           # port id -> server id

    def plug(self, nics, server):
        self.plugged |= {nic.port_id: server.id for nic in nics}
        return [Vif(mac=nic.mac, tap=nic.tap, bridge=nic.bridge, mtu=nic.mtu) for nic in nics]

    def unplug(self, nics):
        for nic in nics:
            self.plugged.pop(nic.port_id, None)

    def present(self):
        return [Plugged(port_id, server_id) for port_id, server_id in self.plugged.items()]

    def taps(self):
        """There are no devices."""

    def loose(self):
        return []

    def join(self, tap):
        return False

    def leases(self):
        """There are no DHCP servers."""

    def heal(self):
        """Nothing can break."""

    def sync(self, servers):
        self.plugged = {nic.port_id: server.id for server in servers for nic in server.nics}

    def close(self):
        """Nothing is open."""

    def destroy_all(self):
        self.plugged.clear()
