"""``nova-lite-serialproxy``: guests' serial ports over a websocket."""

from nova_lite.cmd import run_service
from nova_lite.conf import CONF


def main():
    run_service.run("nova-lite-serialproxy", _make)


def _make():
    from nova_lite.cmd import consoles
    from nova_lite.cmd.address import bind
    from nova_lite.cmd.facades import Facades
    return consoles.serials(
        Facades(), bind(f"{CONF.serial_console.serialproxy_host}:{CONF.serial_console.serialproxy_port}"))


if __name__ == "__main__":
    main()
