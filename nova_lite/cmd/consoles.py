"""The console proxies as services."""

import logging

from nova_lite.cmd.address import bind
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.console.door import Door
from nova_lite.console.pages import NoPages, Pages
from nova_lite.console.proxy import Proxy

LOG = logging.getLogger(__name__)


def screens(doors, sockets):
    """noVNC and its websocket."""
    return Proxy(sockets, Door(doors.compute.remote_consoles, "vnc"), Pages(CONF.vnc.novnc_dir))


def serials(doors, sockets):
    return Proxy(sockets, Door(doors.compute.remote_consoles, "serial"), NoPages())


def beside(doors, host):
    """The proxies that are enabled, for the API's own process on ``host``; where a port is taken, on another."""
    made = []
    for group, option, make in (("vnc", "novncproxy_port", screens), ("serial_console", "serialproxy_port", serials)):
        if CONF[group].enabled:
            made.append(make(doors, _bind(host, group, option)))
    return made


def _bind(host, group, option):
    try:
        return bind(f"{host}:{CONF[group][option]}")
    except exception.Misconfigured as error:
        LOG.info("%s Consoles take another port.", error)
    sockets = bind(f"{host}:0")
    CONF.set_override(option, sockets[0].getsockname()[1], group)
    return sockets
