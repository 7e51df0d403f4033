"""``nova-lite-serialproxy``: guests' serial ports over a websocket."""

from nova_lite.cmd import single
from nova_lite.conf import CONF


def main():
    single.run("nova-lite-serialproxy", _make)


def _make():
    from nova_lite.cmd import consoles
    from nova_lite.cmd.address import bind
    from nova_lite.cmd.doors import Doors
    return consoles.serials(
        Doors(), bind(f"{CONF.serial_console.serialproxy_host}:{CONF.serial_console.serialproxy_port}"))


if __name__ == "__main__":
    main()
