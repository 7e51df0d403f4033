"""Guests of this host go on and off."""

import contextlib

from nova_lite.common import exception
from nova_lite.compute.tasks import spec
from nova_lite.conf import CONF


class Power:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def stop_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("stop")
            with contextlib.suppress(exception.GuestNotFound):      # removed by hand: it is off
                self._driver.power.stop(job.server.id, CONF.compute.shutdown_timeout, job.cancelled)
            job.power_state = self._driver.power.state(job.server.id)

    def start_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            self._start(job)

    def _start(self, job):
        guest = self._plugged(job)
        job.step("start")
        self._driver.power.start(guest)
        job.power_state = self._driver.power.state(job.server.id)

    def restore_server(self, context, operation_id):
        """A soft delete is taken back: the guest goes on."""
        with self._running.job(context, operation_id) as job:
            job.undo.callback(self._driver.power.stop, job.server.id, 0)
            self._start(job)

    def reboot_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._plugged(job)
            job.step("reboot")
            try:
                self._driver.power.reboot(guest, CONF.compute.shutdown_timeout, job.cancelled)
            except exception.GuestNotFound:                         # removed by hand: it is made anew
                self._driver.power.start(guest)
            job.power_state = self._driver.power.state(job.server.id)

    def reset_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._plugged(job)
            job.step("reset")
            if job.args.get("resume"):          # after a boot of the host; a guest that runs by now is left alone
                self._driver.power.start(guest)
            else:
                self._driver.power.reset(guest)
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        """The guest's spec, its network made sure of: a reboot of the host takes bridges away."""
        job.step("network")
        vifs = self._network.plug(job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))
