"""Resize guests on this host; confirm or revert a resize."""

import contextlib
import json
import types

from nova_lite.common import exceptions, local_disks
from nova_lite.compute.tasks import spec
from nova_lite.compute.tasks.start import Start
from nova_lite.conf import CONF
from nova_lite.objects.states import Task, Vm


class Resize:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network
        self._start = Start(driver)

    def resize_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            vifs, drive, flavor = self._plugged(job), spec.config_drive(server), _flavor(job)
            old = spec.guest(server, vifs, config_drive=drive)
            new = spec.guest(server, vifs, config_drive=drive, flavor=flavor)
            if not local_disks.can_become(*(local_disks.of(each, server.local_disks)
                                            for each in (server.flavor, flavor))):
                raise exceptions.HypervisorError(reason="ephemeral disks cannot be made smaller")
            undo = self._back, old, operation_id, server.vm_state
            if job.started:
                job.undo.callback(*undo)
            else:
                self._resize(job, new, undo)
            if server.vm_state == Vm.ACTIVE:
                guest = self._start.paused(new)
                job.do("start", self._driver.power.start if job.started else self._driver.power.reset, guest)
                self._start.resume(job, guest)
            job.power_state = self._driver.power.state(server.id)

    def _resize(self, job, new, undo):
        server_id, operation_id = job.server.id, job.lease.operation_id
        self._driver.resize.check(new)
        self._driver.build.check(new)
        with contextlib.suppress(exceptions.GuestNotFound):
            job.do("stop", self._driver.power.stop, server_id, CONF.compute.shutdown_timeout, job.cancelled,
                   task=Task.RESIZE_MIGRATING, undo=undo)
        job.do("resize", self._driver.resize.resize, new, operation_id, task=Task.RESIZE_FINISH)

    def confirm_resize(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("confirm", self._driver.resize.confirm, job.server.id)
            job.power_state = self._driver.power.state(job.server.id)

    def revert_resize(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            vifs, drive = self._plugged(job), spec.config_drive(job.server)
            old = spec.guest(job.server, vifs, config_drive=drive, flavor=_flavor(job))
            job.do("revert", self._back, old, job.args["resize"], job.args["vm_state"])
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        return job.do("network", self._network.plug, job.server.nics, job.server)

    def _back(self, old, resize, vm_state):
        """Restore the guest as before the resize.

        :param resize: id of the resize's operation.  :param vm_state: the server's then: on or off.
        """
        self._driver.resize.revert(old, resize)
        if vm_state == Vm.ACTIVE:
            self._driver.power.reset(old)


def _flavor(job):
    """The flavor that the operation names.

    :raises HypervisorError: the server's ephemeral disks are larger than the flavor allows.
    """
    flavor = types.SimpleNamespace(**json.loads(job.args["flavor"]))
    local = local_disks.of(flavor, job.server.local_disks)
    if sum(each.size_mb for each in local if not each.is_swap) > flavor.ephemeral_gb * 1024:
        raise exceptions.HypervisorError(reason="the server's ephemeral disks are larger than the flavor allows")
    return flavor
