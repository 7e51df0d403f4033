"""What guests of this host print."""

from nova_lite.common import exception


class Console:
    def __init__(self, driver):
        self._driver = driver

    def get_console_output(self, context, server_id, max_bytes):
        """The end of the log as text; what is no UTF-8 is replaced."""
        if self._driver.console is None:
            raise exception.NotImplementedHere("This host's hypervisor driver keeps no console log.")
        return self._driver.console.log(server_id, max_bytes).decode("utf-8", "replace")
