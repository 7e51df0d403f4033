"""Links to screens and serial ports of guests, and where a link's token leads."""

import urllib.parse

from nova_lite.api.compute.schemas import remote_consoles as schema
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.conf import CONF

_POLICY = "os_compute_api:os-remote-consoles"
_PROTOCOLS = {"os-getVNCConsole": "vnc", "os-getSerialConsole": "serial", "os-getSPICEConsole": "spice"}


class RemoteConsoles:
    """Only protocols vnc and serial are offered."""

    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.CREATE)
    def create(self, req, server_id):
        """200 and the link.  400: no console of that type here.  409: the guest does not run."""
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY, server)
        asked = req.body_json["remote_console"]
        token = self._compute.remote_consoles.create(req.context, server, asked["protocol"], asked["type"])
        return {"remote_console": asked | {"url": _link(req, asked["protocol"], token)}}

    @validation.body(schema.VNC)
    def vnc(self, req, id):
        """As ``create``, until 2.5."""
        return self._older(req, id)

    @validation.body(schema.SPICE)
    def spice(self, req, id):
        return self._older(req, id)

    @validation.body(schema.SERIAL)
    def serial(self, req, id):
        return self._older(req, id)

    def _older(self, req, server_id):
        server = self._compute.servers.get(req.context, server_id)
        req.context.can(_POLICY, server)
        (name, asked), = req.body_json.items()
        token = self._compute.remote_consoles.create(req.context, server, _PROTOCOLS[name], asked["type"])
        return {"console": {"type": asked["type"], "url": _link(req, _PROTOCOLS[name], token)}}

    @validation.body(schema.RDP)
    def rdp(self, req, id):
        """400: it went with Hyper-V."""
        raise exceptions.BadRequest("Unavailable console type rdp-html5.")


class ConsoleAuthTokens:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.query(schema.SHOW_TOKEN)
    def show(self, req, id):
        """Where a console's token leads.  404: it is not good any more."""
        if not req.at_least("2.31"):
            raise exceptions.BadRequest("Only consoles of type rdp-html5, which are gone, were shown before 2.31.")
        req.context.can("os_compute_api:os-console-auth-tokens")
        found = self._compute.remote_consoles.show(req.context, id)
        return {"console": {"instance_uuid": found["server_id"], "host": found["host"], "port": found["port"],
                            "internal_access_path": found["path"] or None}}


def _link(req, protocol, token):
    """What a person opens: noVNC's page, which passes the token on, or the websocket of a serial port."""
    host = urllib.parse.urlsplit(req.root_url).hostname
    host = f"[{host}]" if ":" in host else host
    if protocol == "vnc":
        base = CONF.vnc.novncproxy_base_url or f"http://{host}:{CONF.vnc.novncproxy_port}/vnc_lite.html"
        return f"{base}?{urllib.parse.urlencode({'path': f'?token={token}'})}"
    return f"{CONF.serial_console.base_url or f'ws://{host}:{CONF.serial_console.serialproxy_port}/'}?token={token}"
