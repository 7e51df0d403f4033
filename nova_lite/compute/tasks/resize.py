"""Guests of this host get another size, and keep it or get the one before back."""

import contextlib
import dataclasses
import json

from nova_lite.common import exception
from nova_lite.compute.tasks import spec
from nova_lite.conf import CONF
from nova_lite.objects.states import Task, Vm


class Resize:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def resize_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            old = self._plugged(job)
            new = _sized(old, job)
            self._driver.resize.check(new)
            self._driver.build.check(new)
            job.step("stop", Task.RESIZE_MIGRATING)
            job.undo.callback(self._back, old, operation_id, server.vm_state)
            with contextlib.suppress(exception.GuestNotFound):
                self._driver.power.stop(server.id, CONF.compute.shutdown_timeout, job.cancelled)
            job.step("resize", Task.RESIZE_FINISH)
            self._driver.resize.resize(new, operation_id)
            if server.vm_state == Vm.ACTIVE:
                job.step("start")
                self._driver.power.reset(new)
            job.power_state = self._driver.power.state(server.id)

    def confirm_resize(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("confirm")
            self._driver.resize.confirm(job.server.id)
            job.power_state = self._driver.power.state(job.server.id)

    def revert_resize(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            old = _sized(self._plugged(job), job)
            job.step("revert")
            self._back(old, job.args["resize"], job.args["vm_state"])
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        job.step("network")
        vifs = self._network.plug(job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))

    def _back(self, old, resize, vm_state):
        """As it was before the resize (the id of that operation), on or off."""
        self._driver.resize.revert(old.id, resize)
        if vm_state == Vm.ACTIVE:
            self._driver.power.reset(old)


def _sized(guest, job):
    """The guest with the flavor that the operation names."""
    flavor = json.loads(job.args["flavor"])
    return dataclasses.replace(
        guest, vcpus=flavor["vcpus"], memory_mb=flavor["memory_mb"], extra_specs=flavor["extra_specs"],
        flavor_name=flavor["name"], disk=dataclasses.replace(guest.disk, size_gb=flavor["root_gb"]))
