"""Guests of this host boot from another disk to be mended, and back."""

import contextlib
import dataclasses

from nova_lite.common import exception
from nova_lite.compute.tasks import build, spec
from nova_lite.conf import CONF
from nova_lite.objects.states import Vm
from nova_lite.virt import driver


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
            guest = dataclasses.replace(self._plugged(job), rescue=_from(job.image, base))
            job.step("stop")
            job.undo.callback(self._back, server)
            with contextlib.suppress(exception.GuestNotFound):
                self._driver.power.stop(server.id, CONF.compute.shutdown_timeout, job.cancelled)
            job.step("rescue")
            self._driver.rescue.rescue(guest)
            job.power_state = self._driver.power.state(server.id)

    def unrescue_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._plugged(job)
            job.step("unrescue")
            self._driver.rescue.unrescue(guest)
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        job.step("network")
        return self._own(job.server)

    def _own(self, server):
        vifs = self._network.plug(server.nics, server)
        return spec.guest(server, vifs, config_drive=spec.config_drive(server))

    def _back(self, server):
        """As it was: from its own disk, on or off."""
        self._driver.rescue.unrescue(self._own(server))
        if server.vm_state == Vm.STOPPED:
            self._driver.power.stop(server.id, 0)


def _from(image, base):
    """The virt.driver.Rescue that an image asks for by hw_rescue_bus and hw_rescue_device; either makes it stable."""
    bus, device = image.properties.get("hw_rescue_bus"), image.properties.get("hw_rescue_device")
    if device and not bus:
        bus = "scsi" if device == "cdrom" else "virtio"
    return driver.Rescue(driver.Disk(*base, 0), bus, device or "disk")
