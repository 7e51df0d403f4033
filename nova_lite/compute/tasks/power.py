"""Power guests of this host on and off; reboot and restore them."""

import contextlib

from nova_lite.common import exceptions
from nova_lite.compute.tasks import spec
from nova_lite.compute.tasks.start import Start
from nova_lite.conf import CONF


class Power:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network
        self._starter = Start(driver)

    def stop_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            with contextlib.suppress(exceptions.GuestNotFound):      # removed by hand, so it is off
                job.do("stop", self._driver.power.stop, job.server.id, CONF.compute.shutdown_timeout, job.cancelled)
            job.power_state = self._driver.power.state(job.server.id)

    def start_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            self._start(job)

    def _start(self, job):
        guest = self._starter.paused(self._plugged(job))
        job.do("start", self._driver.power.start, guest)
        self._starter.resume(job, guest)
        job.power_state = self._driver.power.state(job.server.id)

    def restore_server(self, context, operation_id):
        """Undo a soft delete: power the guest on."""
        with self._running.job(context, operation_id) as job:
            job.undo.callback(self._driver.power.stop, job.server.id, 0)
            self._start(job)

    def reboot_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._plugged(job)
            try:
                job.do("reboot", self._driver.power.reboot, guest, CONF.compute.shutdown_timeout, job.cancelled)
            except exceptions.GuestNotFound:                         # removed by hand, so it is defined anew
                self._driver.power.start(guest)
            job.power_state = self._driver.power.state(job.server.id)

    def hard_reboot_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            guest = self._starter.paused(self._plugged(job))
            # After a boot of the host ("resume"), a guest that runs by now is left alone.
            run = self._driver.power.start if job.args.get("resume") or job.started else self._driver.power.reset
            job.do("reset", run, guest)
            self._starter.resume(job, guest)
            job.power_state = self._driver.power.state(job.server.id)

    def _plugged(self, job):
        """The guest's spec, after its network was plugged again: a reboot of the host removes bridges."""
        vifs = job.do("network", self._network.plug, job.server.nics, job.server)
        return spec.guest(job.server, vifs, config_drive=spec.config_drive(job.server))
