"""Take a guest and all it has away from this host."""

import contextlib

from nova_lite.common import exception


class Delete:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def soft_delete_server(self, context, operation_id):
        """Only off, with all it has."""
        with self._running.job(context, operation_id) as job:
            job.step("stop")
            with contextlib.suppress(exception.GuestNotFound):
                self._driver.power.stop(job.server.id, 0)
            job.power_state = self._driver.power.state(job.server.id)

    def delete_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("destroy")
            self._driver.build.destroy(job.server.id)
            job.step("unplug")
            self._network.unplug(job.server.nics)
