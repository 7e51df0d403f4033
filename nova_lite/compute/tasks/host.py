"""What this host reports of itself: its start and stop, facts, power states of guests."""

import contextlib
import functools
import itertools
import json
import logging
import time

from nova_lite.common import cloud_file, exceptions, retry
from nova_lite.common import context as contexts
from nova_lite.compute.tasks.running import PEER_AWAY
from nova_lite.conductor.rpcapi import PAGE
from nova_lite.conf import CONF
from nova_lite.objects.operation import Host as Facts
from nova_lite.objects.states import Power

LOG = logging.getLogger(__name__)


def retry_until_answered(ask, *args):
    """The result of ``ask(*args)``, called every second until the conductor answers: hosts may start before it."""
    return retry.after_errors(functools.partial(ask, *args), PEER_AWAY, itertools.repeat(1),
                              lambda error: LOG.warning("%s It is asked again.", error))


def _pages(values):
    """Yield parts of a dict, each small enough for one message to the conductor."""
    items = list(values.items())
    return (dict(items[start:start + PAGE]) for start in range(0, len(items), PAGE))


class Host:
    def __init__(self, running, parts, conductor, worker, agent):
        """:param parts: (driver, network, image cache or None).  :param agent: network.agent.Agent."""
        self._running = running
        self._agent = agent
        self._driver, self._network, self._images = parts
        self._conductor = conductor
        self._worker = worker
        self._cloud = cloud_file.read(CONF.state_dir)

    def started(self):
        """Restore networks, report guests, remove those whose servers are gone, and give up leases of earlier runs."""
        self._network.restore()
        retry_until_answered(self._report)
        guests = self._power_states()
        found = self._settled(dict.fromkeys(self._placed(), int(Power.NOSTATE)) | guests)
        for server_id in [*found["orphaned"], *self._orphaned_files()]:
            LOG.warning("Guest %s belongs to a server that is deleted, or was built elsewhere in the end; removing it",
                        server_id)
            self._driver.build.destroy(server_id)
        retry_until_answered(self._agent.compare)       # after the guests, since their ports may go now
        for server_id in self._driver.snapshot.leftovers():
            self._driver.snapshot.drop(server_id)       # no task copies a disk yet, so a copy is a leftover
        retry_until_answered(self._conductor.host_started, contexts.admin(), CONF.host, self._worker)

    def _placed(self):
        """Yield the id of every server placed on this host, page by page."""
        after = 0
        while after is not None:
            page = retry_until_answered(self._conductor.host_servers, contexts.admin(), CONF.host, after)
            yield from page["server_ids"]
            after = page["after"]

    def _settled(self, guests):
        """Report the guests found at start; returns what ``ConductorAPI.host_guests`` does, for all of them.

        :param guests: {server id: power state}
        """
        found = {"orphaned": [], "elsewhere": [], "unknown": []}
        for some in _pages(guests):
            answer = retry_until_answered(self._conductor.host_guests, contexts.admin(), CONF.host, some,
                               CONF.resume_guests_state_on_host_boot)
            for what, server_ids in answer.items():
                found[what] += server_ids
        for server_id in found["elsewhere"]:
            LOG.error("Guest %s is here although its server is on another host; it is left alone. See: nova-lite audit",
                      server_id)
        for server_id in found["unknown"]:
            LOG.warning("Guest %s is not in the database; it is left alone. Remove it by hand if it is not yours.",
                        server_id)
        return found

    def _orphaned_files(self):
        """Ids of servers of which there are files but no guest, after builds and deletions that were interrupted."""
        lonely = sorted(set(self._driver.host.disks() or ()) - set(self._driver.host.guests()))
        return [each for some in _pages(dict.fromkeys(lonely))
                for each in retry_until_answered(self._conductor.orphaned, contexts.admin(), CONF.host, list(some))]

    def stopped(self, left):
        """Report that this host stops.  :param left: {operation id: attempt} of tasks that have not ended."""
        self._conductor.host_stopped(contexts.admin(), CONF.host, left)

    def report(self):
        """Report that this host is up, with its facts; or that its hypervisor is away: it gets no servers."""
        try:
            self._driver.host.check()
            self._report()
        except exceptions.HypervisorUnavailable as error:
            self._conductor.hypervisor_away(contexts.admin(), CONF.host, str(error))
            raise

    def _report(self):
        facts = self._driver.host.facts()
        answer = self._conductor.report_host(contexts.admin(), Facts.make(
            host=CONF.host, worker=self._worker, host_ip=CONF.my_ip, hypervisor_hostname=facts.hostname,
            hypervisor_type=facts.hypervisor_type, hypervisor_version=facts.hypervisor_version, vcpus=facts.vcpus,
            memory_mb=facts.memory_mb, disk_gb=facts.disk_gb, free_disk_gb=facts.free_disk_gb,
            cpu_info=json.dumps(facts.cpu_info), supported_instances=json.dumps(facts.supported),
            uptime=facts.uptime), self._cloud)
        self._remember(answer["cloud"])
        self._agent.look(answer["stale"])

    def _remember(self, cloud):
        """Remember the cloud's id and its highest mark, by which a lost or restored database is recognized."""
        if cloud is not None and cloud != list(self._cloud or ()):
            cloud_file.remember(CONF.state_dir, *cloud)
            self._cloud = cloud_file.Known(*cloud)

    def report_guests(self):
        """Report the power state of every guest, periodically; those of running tasks are left out: tasks report it."""
        seen_at = time.monotonic()
        states = self._power_states()
        for server_id in self._running.busy():
            states.pop(server_id, None)
        for some in _pages(states):
            self._conductor.report_power(contexts.admin(), CONF.host, some, seen_at)

    def report_guest(self, server_id):
        """Report the power state of one guest after a task that does not.

        Where the hypervisor is away nothing is reported: all guests are when it is back.
        """
        seen_at = time.monotonic()
        with contextlib.suppress(exceptions.HypervisorError):
            power = self._driver.power.state(server_id)
            self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(power)}, seen_at)

    def guest_changed(self, server_id, power):
        """Report the power state that a guest has now: the hypervisor may have announced its change a while ago."""
        if server_id in self._running.busy():
            return
        seen_at = time.monotonic()
        now = self._driver.power.state(server_id)
        if server_id in self._running.busy():
            return
        self._conductor.report_power(contexts.admin(), CONF.host, {server_id: int(now)}, seen_at)
        if power is Power.RUNNING:
            self._evict(server_id)

    def _evict(self, server_id):
        """Remove a guest that started without a task, if its server is gone: its start may have timed out earlier."""
        with self._running.resting(server_id) as rests:
            if rests and self._conductor.orphaned(contexts.admin(), CONF.host, [server_id]):
                LOG.warning("Guest %s came up although its server is deleted, or was built elsewhere in the end; "
                            "removing it", server_id)
                self._driver.build.destroy(server_id)

    def prune_images(self):
        """Delete cached images that neither a server of this host nor any disk on it uses any more."""
        if self._images is not None:
            in_use = set(self._conductor.images_in_use(contexts.admin(), CONF.host))
            removed = self._images.prune(in_use, below_disks=self._driver.host.bases())
            if removed:
                LOG.info("Removed from the image cache: %s", ", ".join(removed))

    def _power_states(self):
        return {server_id: int(power) for server_id, power in self._driver.host.guests().items()}
