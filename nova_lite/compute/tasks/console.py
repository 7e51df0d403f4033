"""Serial console logs, and consoles of guests of this host."""

from nova_lite.common import exceptions
from nova_lite.compute.tasks.relay import Relays, Screen, Terminal
from nova_lite.conf import CONF


class Console:
    def __init__(self, driver):
        self._driver = driver
        self._relays = Relays()

    def get_console_output(self, context, server_id, max_bytes):
        """The last ``max_bytes`` of the serial console's log as text; bytes that are no UTF-8 are replaced."""
        if self._driver.console is None:
            raise exceptions.NotImplementedHere("This host's hypervisor driver keeps no console log.")
        return self._driver.console.log(server_id, max_bytes).decode("utf-8", "replace")

    def open_console(self, context, server_id, protocol):
        """As ``ComputeAPI.open_console``."""
        console = self._driver.console
        if console is None:
            raise exceptions.NotImplementedHere("This host's hypervisor driver has no consoles.")
        if protocol == "serial":
            here, far = CONF.serial_console.proxyclient_address, Terminal(server_id, console.terminal(server_id))
        else:
            here, far = CONF.vnc.server_proxyclient_address, Screen(console.screen(server_id))
        port, secret = self._relays.open(here, far)
        return {"host": here, "port": port, "path": secret}
