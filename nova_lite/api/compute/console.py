"""What a server's guest printed: the action os-getConsoleOutput."""

import re

from nova_lite.api.compute.schemas import servers as schema
from nova_lite.api.wsgi import validation

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")


class Console:
    def __init__(self, facades):
        self._compute = facades.compute

    @validation.body(schema.CONSOLE_OUTPUT)
    def output(self, req, id):
        """200 and the last ``length`` lines (absent, null or -1: all that is kept), without control characters."""
        server = self._compute.servers.get(req.context, id)
        req.context.can("os_compute_api:os-console-output", server)
        length = (req.body_json["os-getConsoleOutput"] or {}).get("length")
        text = self._compute.console.log(req.context, server, None if length in (None, "-1", -1) else int(length))
        return {"output": _CONTROL.sub("", text)}
