"""Guests leave their host, copied into an image, and come back from it."""

import contextlib

from nova_lite.common import exception
from nova_lite.compute.tasks import build, spec
from nova_lite.conf import CONF
from nova_lite.objects.states import Power, Task, Vm


class Shelve:
    """:param parts: (driver, network, image cache).  :param snapshot: tasks.snapshot.Snapshot."""

    def __init__(self, running, parts, snapshot):
        self._running = running
        self._driver, self._network, self._images = parts
        self._snapshot = snapshot

    def shelve_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            if server.vm_state == Vm.ACTIVE:
                guest = self._plugged(job)
                job.step("stop")
                job.undo.callback(self._driver.power.start, guest)
                self._stop(job, CONF.compute.shutdown_timeout)
            self._snapshot.copy(job)
            if server.vm_state == Vm.PAUSED:        # its memory cannot be had back, so only when all else is done
                job.step("stop")
                self._stop(job, 0)
            job.power_state = self._driver.power.state(server.id)

    def _stop(self, job, patience):
        with contextlib.suppress(exception.GuestNotFound):
            self._driver.power.stop(job.server.id, patience, job.cancelled)

    def offload_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("destroy")
            self._driver.build.destroy(job.server.id)
            job.step("unplug")
            self._network.unplug(job.server.nics)

    def unshelve_server(self, context, operation_id):
        """Start what is still here; what is not is built from the image."""
        with self._running.job(context, operation_id) as job:
            server = job.server
            here = server.vm_state == Vm.SHELVED and self._driver.power.state(server.id) is not Power.NOSTATE
            if here:
                guest = self._plugged(job)
                job.step("start")
                job.undo.callback(self._driver.power.stop, server.id, 0)
                self._driver.power.start(guest)
            else:
                self._build(job)
            job.power_state = self._driver.power.state(server.id)

    def _build(self, job):
        server = job.server
        job.step("network")
        job.undo.callback(self._network.unplug, server.nics)
        vifs = self._network.plug(server.nics, server)
        base = build.fetch(job, server.image, self._driver, self._images)
        job.step("spawn", Task.SPAWNING)
        job.undo.callback(self._driver.build.destroy, server.id)
        self._driver.build.spawn(spec.guest(server, vifs, *base, config_drive=spec.config_drive(server)))
        job.check()

    def _plugged(self, job):
        job.step("network")
        vifs = self._network.plug(job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))
