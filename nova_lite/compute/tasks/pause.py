"""Guests of this host stand still and go on where they were."""

from nova_lite.compute.tasks import spec


class Pause:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def pause_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("pause")
            job.undo.callback(self._driver.pause.unpause, job.server.id)
            self._driver.pause.pause(job.server.id)
            job.power_state = self._driver.power.state(job.server.id)

    def unpause_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("unpause")
            job.undo.callback(self._driver.pause.pause, job.server.id)
            self._driver.pause.unpause(job.server.id)
            job.power_state = self._driver.power.state(job.server.id)

    def suspend_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("suspend")
            job.undo.callback(self._wake, job.server)
            self._driver.pause.suspend(job.server.id)
            job.power_state = self._driver.power.state(job.server.id)

    def resume_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("network")
            self._network.plug(job.server.nics, job.server)
            job.step("resume")
            job.undo.callback(self._driver.pause.suspend, job.server.id)
            self._wake(job.server)
            job.power_state = self._driver.power.state(job.server.id)

    def _wake(self, server):
        vifs = self._network.plug(server.nics, server)
        self._driver.pause.resume(spec.guest(server, vifs, config_drive=spec.config_drive(server)))
