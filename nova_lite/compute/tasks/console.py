"""What guests of this host print and show."""

from nova_lite.common import exception
from nova_lite.compute.tasks.relay import Relays
from nova_lite.conf import CONF


class Console:
    def __init__(self, driver):
        self._driver = driver
        self._relays = Relays()

    def get_console_output(self, context, server_id, max_bytes):
        """The end of the log as text; what is no UTF-8 is replaced."""
        if self._driver.console is None:
            raise exception.NotImplementedHere("This host's hypervisor driver keeps no console log.")
        return self._driver.console.log(server_id, max_bytes).decode("utf-8", "replace")

    def open_console(self, context, server_id, protocol):
        """{"host", "port", "path"}: where a proxy reaches the console now; a path that is not "" must be said first."""
        console = self._driver.console
        if console is None:
            raise exception.NotImplementedHere("This host's hypervisor driver has no consoles.")
        if protocol == "serial":
            port, secret = self._relays.open(server_id, console.terminal(server_id))
            return {"host": CONF.serial_console.proxyclient_address, "port": port, "path": secret}
        listen, port = console.screen(server_id)
        return {"host": CONF.vnc.server_proxyclient_address or _reachable(listen), "port": port, "path": ""}


def _reachable(listen):
    return CONF.my_ip if listen in ("0.0.0.0", "::") else listen
