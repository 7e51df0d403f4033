"""Pause, suspend and resume guests of this host."""

from nova_lite.compute.tasks import spec


class Pause:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def pause_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("pause", self._driver.pause.pause, job.server.id, undo=(self._driver.pause.unpause, job.server.id))
            job.power_state = self._driver.power.state(job.server.id)

    def unpause_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("unpause", self._driver.pause.unpause, job.server.id, undo=(self._driver.pause.pause, job.server.id))
            job.power_state = self._driver.power.state(job.server.id)

    def suspend_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("suspend", self._driver.pause.suspend, job.server.id, undo=(self._wake, job.server))
            job.power_state = self._driver.power.state(job.server.id)

    def resume_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("network", self._network.plug, job.server.nics, job.server)
            job.do("resume", self._wake, job.server, undo=(self._driver.pause.suspend, job.server.id))
            job.power_state = self._driver.power.state(job.server.id)

    def _wake(self, server):
        vifs = self._network.plug(server.nics, server)
        self._driver.pause.resume(spec.guest(server, vifs, config_drive=spec.config_drive(server)))
