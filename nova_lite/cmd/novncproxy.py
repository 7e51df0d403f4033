"""``nova-lite-novncproxy``: guests' screens in a browser."""

from nova_lite.cmd import single
from nova_lite.conf import CONF


def main():
    single.run("nova-lite-novncproxy", _make)


def _make():
    from nova_lite.cmd import consoles
    from nova_lite.cmd.address import bind
    from nova_lite.cmd.doors import Doors
    return consoles.screens(Doors(), bind(f"{CONF.vnc.novncproxy_host}:{CONF.vnc.novncproxy_port}"))


if __name__ == "__main__":
    main()
