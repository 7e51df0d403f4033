"""What requests to the old proxies of other services may say."""

from nova_lite.api.compute.schemas.types import (
    ANY,
    IP,
    METADATA,
    MOMENT,
    NON_NEGATIVE,
    UUID,
    closed,
    number,
    query,
    wrapped,
)

_PAGE = {"limit": NON_NEGATIVE, "offset": NON_NEGATIVE}
PAGE = query(**_PAGE)

IMAGES = query(limit=NON_NEGATIVE, marker=ANY, name=ANY, status=ANY, server=ANY, type=ANY,
               minRam=NON_NEGATIVE, minDisk=NON_NEGATIVE, **{"changes-since": MOMENT}, patterns={"^property-": ANY})
IMAGE_METADATA = wrapped("metadata", METADATA)
IMAGE_META = wrapped("meta", {**METADATA, "minProperties": 1, "maxProperties": 1})

_NAME = {"type": "string", "minLength": 0, "maxLength": 255}
GROUPS = query(all_tenants=ANY, **_PAGE)
GROUP = wrapped("security_group", closed(["name", "description"], name=_NAME, description=_NAME))
_PORT = {"type": ["integer", "string", "null"]}
RULE = wrapped("security_group_rule", closed(
    ["parent_group_id"], parent_group_id=UUID, group_id={"oneOf": [{"type": "null"}, UUID]},
    ip_protocol={"type": ["string", "null"]}, from_port=_PORT, to_port=_PORT, cidr={"type": ["string", "null"]}))
#: {"pool": name}; nothing is as good as the default pool.
FLOATING_IP = {"type": ["object", "null"], "properties": {"pool": {"type": ["string", "null"]}},
               "additionalProperties": True}

FLOATING_ADD = wrapped("addFloatingIp", closed(["address"], address=IP, fixed_address=IP))
FLOATING_REMOVE = wrapped("removeFloatingIp", closed(["address"], address=IP))


def _open(*required, **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": True}


VOLUME = wrapped("volume", _open("size", size=number(1)))
SNAPSHOT = wrapped("snapshot", _open("volume_id", volume_id={"type": "string"}))
WHATEVER = {}
