"""What requests to the old proxies of other services may say."""

from nova_lite.api.compute.schemas.types import (
    ANY,
    BOOLEAN,
    IP,
    METADATA,
    MOMENT,
    NON_NEGATIVE,
    POSITIVE,
    UUID,
    action,
    closed,
    number,
    query,
    wrapped,
)

_PAGE = {"limit": NON_NEGATIVE, "offset": NON_NEGATIVE}
PAGE = query(**_PAGE)

IMAGES = query(limit=POSITIVE, offset=POSITIVE, page_size=POSITIVE, marker=ANY, name=ANY, status=ANY, server=ANY,
               type=ANY, minRam=NON_NEGATIVE, minDisk=NON_NEGATIVE, **{"changes-since": MOMENT},
               patterns={"^property-": ANY})
IMAGE_METADATA = wrapped("metadata", METADATA)
IMAGE_META = wrapped("meta", {**METADATA, "minProperties": 1, "maxProperties": 1})

_NAME = {"type": "string", "minLength": 0, "maxLength": 255}
GROUPS = query(all_tenants=ANY, **_PAGE)
_PORT = {"type": ["integer", "string", "null"]}
#: {"pool": name}; nothing is as good as the default pool.
FLOATING_IP = {"type": ["object", "null"], "properties": {"pool": {"type": ["string", "null"]}},
               "additionalProperties": True}

FLOATING_ADD = wrapped("addFloatingIp", closed(["address"], address=IP, fixed_address=IP))
FLOATING_REMOVE = wrapped("removeFloatingIp", closed(["address"], address=IP))


def _open(*required, **properties):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": True}


GROUP = wrapped("security_group", _open("name", "description", name=_NAME, description=_NAME))
RULE = wrapped("security_group_rule", _open(
    "parent_group_id", parent_group_id=UUID, group_id={"oneOf": [{"type": "null"}, UUID]},
    ip_protocol={"type": ["string", "null"]}, from_port=_PORT, to_port=_PORT, cidr={"type": ["string", "null"]}))

_SHOWN_AS = {"display_name": ANY, "display_description": ANY}
VOLUME = wrapped("volume", closed(["size"], size=number(1), metadata={"type": "object", "additionalProperties": True},
                                  **dict.fromkeys(("volume_type", "snapshot_id", "availability_zone"), ANY),
                                  **_SHOWN_AS))
SNAPSHOT = wrapped("snapshot", closed(["volume_id"], volume_id=ANY, force=BOOLEAN, **_SHOWN_AS))
WHATEVER = {}

ADD_FIXED_IP = action("addFixedIp", closed(["networkId"], networkId={"type": ["string", "integer"]}))
REMOVE_FIXED_IP = action("removeFixedIp", closed(["address"], address=IP))
