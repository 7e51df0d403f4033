"""Requests to guests themselves: passwords, diagnostics, crash dumps."""

from nova_lite.common import exceptions


class Guest:
    def __init__(self, running, driver, report_power):
        """:param report_power: callable(server id) that reports the power of that server's guest."""
        self._running = running
        self._driver = driver
        self._report_power = report_power

    def change_password(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            job.do("password", self._driver.guest.set_password, server.id, job.args["user"], server.admin_pass)
            job.power_state = self._driver.power.state(server.id)

    def get_diagnostics(self, context, server_id):
        """As virt.driver.Guest.diagnostics."""
        if self._driver.guest is None:
            raise exceptions.NotImplementedHere("This host's hypervisor driver knows no diagnostics.")
        return self._driver.guest.diagnostics(server_id)

    def sync_power(self, context, server_id):
        """Report the power state of a guest, unless a task of it runs: the task's outcome reports it."""
        if server_id not in self._running.busy():
            self._report_power(server_id)

    def trigger_crash_dump(self, context, server_id):
        self._driver.guest.nmi(server_id)
