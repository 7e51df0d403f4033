"""Delete a guest, its files and its network from this host; soft delete it."""

import contextlib

from nova_lite.common import exceptions


class Delete:
    def __init__(self, running, driver, network):
        self._running = running
        self._driver = driver
        self._network = network

    def soft_delete_server(self, context, operation_id):
        """Power the guest off; its files and network stay.

        An attachment that was cancelled after its host died left a NIC, which nobody else comes to take away.
        """
        with self._running.job(context, operation_id) as job:
            with contextlib.suppress(exceptions.GuestNotFound):
                job.do("stop", self._driver.power.stop, job.server.id, 0)
            own = {nic.port_id for nic in job.server.nics}
            left = [port for port in self._network.present()
                    if port.server_id == job.server.id and port.port_id not in own]
            if left:
                job.do("unplug", self._take_away, job.server.id, left)
            job.power_state = self._driver.power.state(job.server.id)

    def _take_away(self, server_id, ports):
        for port in ports:
            self._driver.interfaces.detach(server_id, port.mac)
        self._network.unplug(ports)

    def delete_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            job.do("destroy", self._driver.build.destroy, job.server.id)
            job.do("unplug", self._network.unplug, job.server.nics)
