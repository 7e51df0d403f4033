"""What is asked of this host's guests themselves."""

from nova_lite.common import exception


class Guest:
    def __init__(self, running, driver, tell):
        """:param tell: callable(server id) that reports its guest's power."""
        self._running = running
        self._driver = driver
        self._tell = tell

    def change_password(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            job.step("password")
            self._driver.guest.set_password(server.id, job.args["user"], server.admin_pass)
            job.power_state = self._driver.power.state(server.id)

    def get_diagnostics(self, context, server_id):
        """As virt.driver.Guest.diagnostics."""
        if self._driver.guest is None:
            raise exception.NotImplementedHere("This host's hypervisor driver knows no diagnostics.")
        return self._driver.guest.diagnostics(server_id)

    def sync_power(self, context, server_id):
        """What a task works on is left out: its outcome will tell."""
        if server_id not in self._running.busy():
            self._tell(server_id)

    def trigger_crash_dump(self, context, server_id):
        self._driver.guest.nmi(server_id)
