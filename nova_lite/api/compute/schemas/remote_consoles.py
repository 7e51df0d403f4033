"""Bodies that ask for consoles."""

from nova_lite.api.compute.schemas.types import action, closed
from nova_lite.api.wsgi.validation import Since


def _create(protocols, types):
    return closed(["remote_console"], remote_console=closed(
        ["protocol", "type"], protocol={"type": "string", "enum": protocols}, type={"type": "string", "enum": types}))


_PROTOCOLS = ["vnc", "spice", "serial", "rdp"]
_TYPES = ["novnc", "xvpvnc", "spice-html5", "serial", "rdp-html5"]
CREATE = Since({
    "2.6": _create(_PROTOCOLS, _TYPES),
    "2.8": _create([*_PROTOCOLS, "mks"], [*_TYPES, "webmks"]),
    "2.99": _create([*_PROTOCOLS, "mks"], [*_TYPES, "webmks", "spice-direct"]),
})


def _get(name, *types):
    return action(name, closed(["type"], type={"type": "string", "enum": [*types]}))


VNC = _get("os-getVNCConsole", "novnc", "xvpvnc")
SPICE = _get("os-getSPICEConsole", "spice-html5")
SERIAL = _get("os-getSerialConsole", "serial")
RDP = action("os-getRDPConsole")
SHOW_TOKEN = Since({"2.1": {"type": "object"}, "2.99": closed()})
