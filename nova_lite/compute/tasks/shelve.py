"""Shelve guests of this host into images, offload them, and unshelve them."""

import contextlib

from nova_lite.common import exceptions
from nova_lite.compute.tasks import build, spec
from nova_lite.compute.tasks.start import Start
from nova_lite.conf import CONF
from nova_lite.objects.states import Power, Task, Vm


class Shelve:
    """:param parts: (driver, network, image cache).  :param snapshot: tasks.snapshot.Snapshot."""

    def __init__(self, running, parts, snapshot):
        self._running = running
        self._driver, self._network, self._images = parts
        self._snapshot = snapshot
        self._start = Start(self._driver)

    def shelve_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            if server.vm_state == Vm.ACTIVE:
                guest = self._plugged(job)
                self._stop(job, CONF.compute.shutdown_timeout, undo=(self._driver.power.start, guest))
            self._snapshot.copy(job)
            if server.vm_state == Vm.PAUSED:        # its memory is lost by this, so it comes last
                self._stop(job, 0)
            job.power_state = self._driver.power.state(server.id)

    def _stop(self, job, timeout, undo=None):
        with contextlib.suppress(exceptions.GuestNotFound):
            job.do("stop", self._driver.power.stop, job.server.id, timeout, job.cancelled, undo=undo)

    def offload_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("destroy", self._driver.build.destroy, job.server.id)
            job.do("unplug", self._network.unplug, job.server.nics)

    def unshelve_server(self, context, operation_id):
        """Power on a guest that is still here; build one that was offloaded from the image."""
        with self._running.job(context, operation_id) as job:
            server = job.server
            here = server.vm_state == Vm.SHELVED and self._driver.power.state(server.id) is not Power.NOSTATE
            if here:
                guest = self._start.paused(self._plugged(job))
                job.do("start", self._driver.power.start, guest, undo=(self._driver.power.stop, server.id, 0))
                self._start.resume(job, guest)
            else:
                self._build(job)
            job.power_state = self._driver.power.state(server.id)

    def _build(self, job):
        server = job.server
        if self._driver.image_cache and not (server.image and server.image.url):
            raise exceptions.HypervisorError(reason="its disk is gone, and so is the image that it was shelved into")
        vifs = job.do("network", self._network.plug, server.nics, server, undo=(self._network.unplug, server.nics))
        base = build.fetch(job, server.image, self._driver, self._images)
        guest = self._start.paused(spec.guest(server, vifs, *base, config_drive=spec.config_drive(server)))
        job.do("spawn", self._driver.build.spawn, guest, task=Task.SPAWNING,
               undo=(self._driver.build.destroy, server.id))
        self._start.resume(job, guest)
        job.check()

    def _plugged(self, job):
        vifs = job.do("network", self._network.plug, job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))
