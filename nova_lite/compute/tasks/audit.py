"""The part of the auditor that runs on a host: report what the host has, receive the differences, repair what is safe.

Only a difference that two checks in a row found counts, because tasks run while a host is checked.  What the database
does not know is never touched.
"""

import contextlib
import logging
import os
import time

from nova_lite.common import concurrency, exceptions
from nova_lite.common import context as contexts
from nova_lite.compute.tasks import spec
from nova_lite.conf import CONF
from nova_lite.objects.drift import CachedImage, HostReport
from nova_lite.objects.states import Power

LOG = logging.getLogger(__name__)
_LETTING_GO = 3     # seconds for a guest to release a NIC
_PAUSE = 1          # seconds between two checks that were asked for


class Audit:
    """:param parts: (driver, network, image cache or None).  :param conductor: a ConductorAPI."""

    def __init__(self, running, parts, conductor):
        self._running = running
        self._driver, self._network, self._images = parts
        self._conductor = conductor
        self._survey = None
        self._suspects = frozenset()
        self._lock = concurrency.Lock()
        self._mends = {
            "guest_missing": self._report_missing, "guest_orphaned": self._destroy, "disk_orphaned": self._destroy,
            "guest_halted": self._go_on, "nic_missing": self._attach, "nic_stray": self._detach,
            "port_stray": self._unplug, "port_unplugged": self._plug, "lease_missing": self._plug,
            "lease_stray": self._heal, "network_stray": self._heal, "rules_altered": self._heal,
            "tap_loose": self._join,
            "image_missing": self._fetch,
            "image_damaged": self._remove_image, "image_leftover": self._remove_leftover}

    def look(self):
        """Run the periodic check."""
        with self._lock:
            self._look()

    def look_now(self, asked):
        """Run two checks at once, since only what both find counts.  :param asked: when they were asked for."""
        with self._lock:
            self._look()
            concurrency.sleep(_PAUSE)
            self._look(asked)

    def _look(self, asked=None):
        began = time.monotonic()
        verdict = self._conductor.audit_host(contexts.admin(), CONF.host, self._report())
        found = {finding.key: finding for finding in verdict.findings}
        for key, finding in found.items():
            finding.sure = key in self._suspects
            finding.repaired = finding.sure and CONF.audit.repair and self._mended(finding, verdict)
        self._suspects = frozenset(found)
        self._conductor.drift_seen(contexts.admin(), CONF.host, list(found.values()), time.monotonic() - began, asked)

    # ---- what the host has

    def _report(self):
        """What this host has, as a HostReport.

        The servers of running tasks are read before and after: their half-done changes are no drift.
        """
        busy = self._running.busy()
        guests = {server_id: int(power) for server_id, power in self._driver.host.guests().items()}
        network = self._network.inspect()
        ports = {port_id: port.server_id for port_id, port in network.ports.items()}
        report = {"guests": guests, "halted": self._driver.host.halted(), "nics": self._driver.host.nics(),
                 "disks": self._driver.host.disks(), "ports": ports, "taps": network.devices,
                 "loose": network.loose, "strays": network.strays, "leases": network.leases, "altered": network.altered,
                 **self._cache()}
        return HostReport.make(busy=sorted(busy | self._running.busy()), **report)

    def _cache(self):
        if self._images is None:
            return {"images": None, "leftovers": [], "unknown": []}
        if self._survey is None:
            from nova_lite.image.cache_survey import CacheSurvey
            self._survey = CacheSurvey(self._images)
        seen = self._survey.look()
        images = [CachedImage.make(name=name, size=size, digest=digest)
                  for name, (size, digest) in sorted(seen["images"].items())]
        return {**seen, "images": images}

    # ---- repairs; each returns whether it was done

    def _mended(self, finding, verdict):
        """Whether a finding was repaired; an error leaves it open, with a detail, and does not stop other repairs."""
        mend = self._mends.get(finding.kind)
        try:
            return mend is not None and bool(mend(finding.subject, verdict))
        except (exceptions.NovaLiteError, OSError) as error:
            LOG.warning("Mending %s of %s failed: %s", finding.kind, finding.subject, error)
            finding.detail = f"{finding.detail} Mending failed: {error}".strip()
            return False

    def _report_missing(self, server_id, _verdict):
        with self._running.resting(server_id) as rests:
            seen_at = time.monotonic()
            if not rests or self._driver.power.state(server_id) is not Power.NOSTATE:
                return False
            self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(Power.NOSTATE)}, seen_at)
            return True

    def _go_on(self, server_id, _verdict):
        with self._running.resting(server_id) as rests:
            goes_on = rests and self._driver.pause.resume_halted(server_id)
            if goes_on:
                seen_at = time.monotonic()
                power = self._driver.power.state(server_id)
                self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(power)}, seen_at)
            return goes_on

    def _destroy(self, server_id, _verdict):
        with self._running.resting(server_id) as rests:
            if not rests or server_id not in self._conductor.orphaned(contexts.admin(), CONF.host, [server_id]):
                return False
            self._driver.build.destroy(server_id)
            return True

    def _unplug(self, port_id, _verdict):
        for port in self._network.present():
            if port.port_id == port_id:
                with self._running.resting(port.server_id) as rests:
                    if rests:
                        self._network.unplug([port])
                    return rests
        return False

    def _plug(self, port_id, verdict):
        for server in verdict.servers:
            if any(nic.port_id == port_id for nic in server.nics):
                with self._running.resting(server.id) as rests:
                    if rests:
                        self._network.plug(server.nics, server)
                    return rests
        return False

    def _attach(self, port_id, verdict):
        for server in verdict.servers:
            if any(nic.port_id == port_id for nic in server.nics):
                with self._rewiring(server) as rests:
                    macs = [nic.mac for nic in server.nics if nic.port_id == port_id] if rests else []
                    for mac in macs:
                        vifs = self._network.plug(server.nics, server)
                        guest = spec.guest(server, vifs, config_drive=spec.config_drive(server))
                        self._driver.interfaces.attach(guest, mac)
                    return bool(macs)
        return False

    def _detach(self, mac, verdict):
        """Detach a stray NIC; where the guest takes longer than some seconds, the next check sees the result."""
        wired = self._driver.host.nics()
        for server in verdict.servers:
            if mac in wired.get(server.id, ()):
                with self._rewiring(server) as rests:
                    stray = rests and mac not in {nic.mac for nic in server.nics}
                    if stray:
                        self._driver.interfaces.detach(server.id, mac, _past(time.monotonic() + _LETTING_GO))
                    return stray
        return False

    @contextlib.contextmanager
    def _rewiring(self, server):
        """Whether a server has no task here; then ``server.nics`` are read anew from the database."""
        with self._running.resting(server.id) as rests:
            if rests:
                server.nics = self._conductor.nics(contexts.admin(), CONF.host, server.id)
            yield rests

    def _heal(self, _subject, _verdict):
        self._network.heal()
        return True

    def _join(self, tap, _verdict):
        return self._network.join(tap)

    def _fetch(self, name, verdict):
        for image in verdict.images:
            if name.startswith(image.id):
                path, _ = self._images.fetch(image)
                return os.path.basename(path) == name
        return False

    def _remove_image(self, name, _verdict):
        return name not in self._driver.host.bases() and self._survey.remove_image(name)

    def _remove_leftover(self, name, _verdict):
        return self._survey.remove_leftover(name)


def _past(moment):
    """A function that returns whether the monotonic clock is past ``moment``."""
    return lambda: time.monotonic() > moment
