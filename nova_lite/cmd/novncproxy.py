"""``nova-lite-novncproxy``: guests' screens in a browser."""

from nova_lite.cmd import run_service
from nova_lite.conf import CONF


def main():
    run_service.run("nova-lite-novncproxy", _make)


def _make():
    from nova_lite.cmd import consoles
    from nova_lite.cmd.address import bind
    from nova_lite.cmd.facades import Facades
    return consoles.screens(Facades(), bind(f"{CONF.vnc.novncproxy_host}:{CONF.vnc.novncproxy_port}"))


if __name__ == "__main__":
    main()
