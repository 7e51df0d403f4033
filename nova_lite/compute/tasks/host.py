"""This host speaks of itself: start-up, facts, signs of life, what its hypervisor really runs."""

import contextlib
import json
import logging

from nova_lite.common import concurrency, exception
from nova_lite.common import context as contexts
from nova_lite.compute.tasks.running import AWAY
from nova_lite.conf import CONF
from nova_lite.objects.operation import Host as Facts
from nova_lite.objects.states import Power

LOG = logging.getLogger(__name__)


def patiently(ask, *args):
    """Ask until there is an answer: hosts may start before the conductor, and outlive it."""
    while True:
        try:
            return ask(*args)
        except AWAY as error:
            LOG.warning("%s It is asked again.", error)
            concurrency.sleep(1)


class Host:
    def __init__(self, running, parts, conductor, worker):
        """:param parts: (driver, network, image cache or None)."""
        self._running = running
        self._driver, self._network, self._images = parts
        self._conductor = conductor
        self._worker = worker

    def started(self):
        """Say hello: old leases are given up, the network is mended, guests that have no right to be are removed."""
        patiently(self._report)
        answer = patiently(self._conductor.host_started, contexts.admin(), CONF.host, self._worker,
                           self._power_states(), CONF.resume_guests_state_on_host_boot)
        self._network.sync(answer["servers"])
        for server_id in [*answer["orphaned"], *self._orphaned_files()]:
            LOG.warning("Guest %s belongs to a server that is deleted, or was built elsewhere in the end; removing it",
                        server_id)
            self._driver.build.destroy(server_id)
        for server_id in self._driver.snapshot.leftovers():
            self._driver.snapshot.drop(server_id)       # nothing is copied yet, so nobody waits for it any more
        for server_id in answer["elsewhere"]:
            LOG.error("Guest %s is here although its server is on another host; it is left alone. See: nova-lite audit",
                      server_id)
        for server_id in answer["unknown"]:
            LOG.warning("Guest %s is not in the database; it is left alone. Remove it by hand if it is not yours.",
                        server_id)

    def _orphaned_files(self):
        """Of builds and deletions that were cut off in the middle there may be files without a guest."""
        lonely = sorted(set(self._driver.host.disks() or ()) - set(self._driver.host.guests()))
        return patiently(self._conductor.orphaned, contexts.admin(), CONF.host, lonely) if lonely else []

    def stopped(self, left):
        """Say goodbye.  :param left: {operation id: attempt} of what others may go on with."""
        self._conductor.host_stopped(contexts.admin(), CONF.host, left)

    def report(self):
        """A sign of life, and facts; or that the hypervisor does not answer, so that nothing new is sent here."""
        try:
            self._driver.host.check()
            self._report()
        except exception.HypervisorUnavailable as error:
            self._conductor.hypervisor_away(contexts.admin(), CONF.host, str(error))
            raise

    def _report(self):
        facts = self._driver.host.facts()
        self._conductor.report_host(contexts.admin(), Facts.make(
            host=CONF.host, worker=self._worker, host_ip=CONF.my_ip, hypervisor_hostname=facts.hostname,
            hypervisor_type=facts.hypervisor_type, hypervisor_version=facts.hypervisor_version, vcpus=facts.vcpus,
            memory_mb=facts.memory_mb, disk_gb=facts.disk_gb, free_disk_gb=facts.free_disk_gb,
            cpu_info=json.dumps(facts.cpu_info), supported_instances=json.dumps(facts.supported),
            uptime=facts.uptime))

    def report_guests(self):
        """The periodic comparison; what a task works on is left out, its outcome will tell."""
        states = self._power_states()
        for server_id in self._running.busy():
            states.pop(server_id, None)
        self._conductor.report_power(contexts.admin(), CONF.host, states)

    def report_guest(self, server_id):
        """One guest, after a task that says nothing of it; a hypervisor that is away tells when it is back."""
        with contextlib.suppress(exception.HypervisorError):
            power = self._driver.power.state(server_id)
            self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(power)})

    def guest_changed(self, server_id, power):
        """The hypervisor announced a change."""
        if server_id in self._running.busy():
            return
        self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(power)})
        if power is Power.RUNNING:
            self._evict(server_id)

    def _evict(self, server_id):
        """A guest came up that no task started: what a task had given up may have come true at last."""
        with self._running.resting(server_id) as rests:
            if rests and self._conductor.orphaned(contexts.admin(), CONF.host, [server_id]):
                LOG.warning("Guest %s came up although its server is deleted, or was built elsewhere in the end; "
                            "removing it", server_id)
                self._driver.build.destroy(server_id)

    def prune_images(self):
        """Let go of cached images that no server here uses any more."""
        if self._images is not None:
            removed = self._images.prune(set(self._conductor.images_in_use(contexts.admin(), CONF.host)))
            if removed:
                LOG.info("Removed from the image cache: %s", ", ".join(removed))

    def _power_states(self):
        return {server_id: int(power) for server_id, power in self._driver.host.guests().items()}
