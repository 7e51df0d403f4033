"""Take a guest and all it has away from this host."""


class Delete:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def delete_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.step("destroy")
            self._driver.build.destroy(job.server.id)
            job.step("unplug")
            self._network.unplug(job.server.nics)
