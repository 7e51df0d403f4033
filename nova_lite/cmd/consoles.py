"""The console proxies as services."""

import logging

from nova_lite.cmd.address import bind
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.console.connect import Connector
from nova_lite.console.origins import Origins
from nova_lite.console.pages import NoPages, Pages
from nova_lite.console.proxy import Proxy

LOG = logging.getLogger(__name__)


def screens(facades, sockets):
    """noVNC and its websocket."""
    return Proxy(sockets, Connector(facades.compute.remote_consoles, "vnc"), Pages(CONF.vnc.novnc_dir),
                 Origins(CONF.vnc.novncproxy_base_url))


def serials(facades, sockets):
    return Proxy(sockets, Connector(facades.compute.remote_consoles, "serial"), NoPages(),
                 Origins(CONF.serial_console.base_url))


def beside(facades, host):
    """The proxies that are enabled, for the API's own process on ``host``; where a port is taken, on another."""
    made = []
    for group, option, make in (("vnc", "novncproxy_port", screens), ("serial_console", "serialproxy_port", serials)):
        if CONF[group].enabled:
            made.append(make(facades, _bind(host, group, option)))
    return made


def _bind(host, group, option):
    try:
        return bind(f"{host}:{CONF[group][option]}")
    except exceptions.Misconfigured as error:
        LOG.info("%s Consoles take another port.", error)
    sockets = bind(f"{host}:0")
    CONF.set_override(option, sockets[0].getsockname()[1], group)
    return sockets
