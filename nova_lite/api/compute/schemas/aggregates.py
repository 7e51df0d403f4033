"""What requests about aggregates may say."""

from nova_lite.api.compute.schemas.types import FQDN, METADATA_KEY, NAME, UUID, closed, wrapped

_ZONE = {"oneOf": [{"type": "string", "format": "az_name", "minLength": 1, "maxLength": 255}, {"type": "null"}]}
_NEW_NAME = {"type": "string", "format": "name_with_leading_trailing_spaces", "minLength": 1, "maxLength": 255}
_ITEMS = {"type": "object", "additionalProperties": False,
          "patternProperties": {METADATA_KEY: {"type": ["string", "null"], "maxLength": 255}}}

CREATE = wrapped("aggregate", closed(["name"], name=NAME, availability_zone=_ZONE))
UPDATE = wrapped("aggregate", closed(name=_NEW_NAME, availability_zone=_ZONE) | {
    "anyOf": [{"required": ["name"]}, {"required": ["availability_zone"]}]})
ADD_HOST = wrapped("add_host", closed(["host"], host=FQDN))
REMOVE_HOST = wrapped("remove_host", closed(["host"], host=FQDN))
SET_METADATA = wrapped("set_metadata", closed(["metadata"], metadata=_ITEMS))
IMAGES = closed(["cache"], cache={"type": ["array"], "minItems": 1, "items": closed(["id"], id=UUID)})
