"""The auditor's half on a host: tell what is here, hear what is wrong with it, mend what is safe.

Only what two looks in a row saw counts, because the world moves while a host is looked at.  A guest that the database
does not know is never touched.
"""

import time

from nova_lite.common import context as contexts
from nova_lite.conf import CONF
from nova_lite.objects.drift import Sight
from nova_lite.objects.states import Power


class Audit:
    """:param parts: (driver, network, ...) as the host has them."""

    def __init__(self, running, parts, conductor):
        self._running = running
        self._driver, self._network = parts[:2]
        self._conductor = conductor
        self._suspects = frozenset()
        self._mends = {
            "guest_missing": self._tell_gone, "guest_orphaned": self._destroy, "disk_orphaned": self._destroy,
            "port_stray": self._unplug, "port_unplugged": self._plug}

    def look(self):
        began = time.monotonic()
        verdict = self._conductor.audit_host(contexts.admin(), CONF.host, self._sight())
        found = {finding.key: finding for finding in verdict.findings}
        sure = [finding for key, finding in found.items() if key in self._suspects]
        self._suspects = frozenset(found)
        servers = {nic.port_id: server for server in verdict.servers for nic in server.nics}
        for finding in sure:
            mend = self._mends.get(finding.kind)
            finding.repaired = bool(mend and CONF.audit.repair and mend(finding.subject, servers))
        self._conductor.drift_seen(contexts.admin(), CONF.host, sure, time.monotonic() - began)

    def _sight(self):
        """What is being worked on is told apart before and after, so that nothing half-done is seen."""
        busy = self._running.busy()
        guests = {server_id: int(power) for server_id, power in self._driver.host.guests().items()}
        ports = {port.port_id: port.server_id for port in self._network.present()}
        sight = {"guests": guests, "disks": self._driver.host.disks(), "ports": ports, "taps": self._network.taps()}
        return Sight.make(busy=sorted(busy | self._running.busy()), **sight)

    # ---- mending; each answers whether it did

    def _tell_gone(self, server_id, _servers):
        with self._running.resting(server_id) as rests:
            if not rests or self._driver.power.state(server_id) is not Power.NOSTATE:
                return False
            self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(Power.NOSTATE)})
            return True

    def _destroy(self, server_id, _servers):
        with self._running.resting(server_id) as rests:
            if rests:
                self._driver.build.destroy(server_id)
            return rests

    def _unplug(self, port_id, _servers):
        for port in self._network.present():
            if port.port_id == port_id:
                with self._running.resting(port.server_id) as rests:
                    if rests:
                        self._network.unplug([port])
                    return rests
        return False

    def _plug(self, port_id, servers):
        server = servers.get(port_id)
        if server is None:
            return False
        with self._running.resting(server.id) as rests:
            if rests:
                self._network.plug(server.nics, server)
            return rests
