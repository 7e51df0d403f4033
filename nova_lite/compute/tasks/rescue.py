"""Rescue guests of this host: boot them from another disk, and from their own again."""

import contextlib

from nova_lite.common import exceptions
from nova_lite.compute.tasks import build, spec
from nova_lite.conf import CONF
from nova_lite.objects.states import Vm


class Rescue:
    def __init__(self, running, hypervisor, network, images):
        self._running = running
        self._driver = hypervisor
        self._network = network
        self._images = images

    def rescue_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            base = build.fetch(job, job.image, self._driver, self._images)
            guest = spec.rescued(self._plugged(job), job.image, base)
            with contextlib.suppress(exceptions.GuestNotFound):
                job.do("stop", self._driver.power.stop, server.id, CONF.compute.shutdown_timeout, job.cancelled,
                       undo=(self._back, server))
            job.do("rescue", self._driver.rescue.rescue, guest)
            job.power_state = self._driver.power.state(server.id)

    def unrescue_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._plugged(job)
            job.do("unrescue", self._driver.rescue.unrescue, guest)
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        return _own(job.server, job.do("network", self._network.plug, job.server.nics, job.server))

    def _back(self, server):
        """Define the guest as before the rescue, with its own disk first, on or off as it was."""
        self._driver.rescue.unrescue(_own(server, self._network.plug(server.nics, server)))
        if server.vm_state == Vm.STOPPED:
            self._driver.power.stop(server.id, 0)


def _own(server, vifs):
    """The virt.spec.GuestSpec that boots from the server's own disk."""
    return spec.guest(server, vifs, config_drive=spec.config_drive(server))
