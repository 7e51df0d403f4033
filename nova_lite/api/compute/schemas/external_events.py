"""Bodies of /os-server-external-events."""

from nova_lite.api.compute.schemas.types import UUID, closed
from nova_lite.api.wsgi.validation import Since

_V21 = ["network-changed", "network-vif-plugged", "network-vif-unplugged", "network-vif-deleted"]


def _events(*later):
    event = closed(["server_uuid", "name"], server_uuid=UUID, name={"type": "string", "enum": [*_V21, *later]},
                   status={"type": "string", "enum": ["failed", "completed", "in-progress"]},
                   tag={"type": "string", "maxLength": 255})
    return closed(["events"], events={"type": "array", "minItems": 1, "items": event})


_LATER = ("volume-extended", "power-update", "accelerator-request-bound", "volume-reimaged")
CREATE = Since({"2.1": _events(), "2.51": _events(*_LATER[:1]), "2.76": _events(*_LATER[:2]),
                "2.82": _events(*_LATER[:3]), "2.93": _events(*_LATER)})
