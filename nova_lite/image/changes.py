"""What may be changed of an image, by whom it does not matter: pure functions from a row and changes to new columns."""

import dataclasses

from nova_lite.common import exceptions
from nova_lite.conf import CONF

#: API name -> column, of what may be set directly.
BASE = {name: name for name in ("id", "name", "visibility", "protected", "os_hidden", "tags", "disk_format",
                                "container_format", "min_disk", "min_ram")} | {"owner": "project_id"}
#: Set by the service alone.
READ_ONLY = frozenset({"status", "checksum", "os_hash_algo", "os_hash_value", "size", "virtual_size", "created_at",
                       "updated_at", "direct_url", "self", "file", "schema", "stores"})
#: Not there at all, and no property may take the name.
RESERVED = frozenset({"locations", "location", "deleted", "deleted_at", "is_public", "copy_from", "members"})
_ONLY_QUEUED = frozenset({"disk_format", "container_format"})
_RESERVED_PREFIX = "os_glance_"


@dataclasses.dataclass(frozen=True)
class Change:
    """``op`` is add, replace or remove; ``name`` as the API names it; ``value`` is None for remove."""

    op: str
    name: str
    value: object = None


def refuse_reserved(name):
    """:raises Forbidden: nobody sets this."""
    if name in READ_ONLY:
        raise exceptions.Forbidden(f"Attribute '{name}' is read-only.")
    if name in RESERVED or name.startswith(_RESERVED_PREFIX):
        raise exceptions.Forbidden(f"Attribute '{name}' is reserved.")


def columns(attributes):
    """The columns for a new image from the API's attributes; what is not the model's becomes a property.

    :raises Forbidden: one is not for clients.
    """
    values = {"properties": {}}
    for name, value in attributes.items():
        refuse_reserved(name)
        if name in BASE:
            values[BASE[name]] = value
        else:
            values["properties"][name] = value
    if "tags" in values:
        values["tags"] = list(dict.fromkeys(values["tags"]))
    if "id" in values:
        values["id"] = values["id"].lower()
    return values


def apply(image, wanted):
    """The columns that change when ``wanted`` (Changes) is done to the row ``image``."""
    values, properties = {}, dict(image.properties)
    for change in wanted:
        refuse_reserved(change.name)
        if change.name == "id":
            raise exceptions.Forbidden("Attribute 'id' is read-only.")
        if change.name in BASE:
            _set(image, values, change)
        else:
            _set_property(properties, change)
    if properties != image.properties or "tags" in values:
        values["properties"] = properties
        values.setdefault("tags", image.tags)       # labels are written from both
    return values


def _set(image, values, change):
    if change.op == "remove":
        raise exceptions.Forbidden(f"Property {change.name} may not be removed.")
    if change.name in _ONLY_QUEUED and image.status != "queued":
        raise exceptions.Forbidden(f"Attribute {change.name} can be only replaced for a queued image.")
    value = list(dict.fromkeys(change.value)) if change.name == "tags" else change.value
    values[BASE[change.name]] = value


def _set_property(properties, change):
    if change.op != "add" and change.name not in properties:
        raise exceptions.Conflict(f"Property {change.name} does not exist.")
    if change.op == "remove":
        del properties[change.name]
    else:
        properties[change.name] = change.value


def check(values):
    """:raises TooLarge: more tags or properties than ``[image]`` allows."""
    for name, what, limit in (("properties", "image properties", CONF.image.max_properties),
                              ("tags", "image tags", CONF.image.max_tags)):
        count = len(values.get(name) or ())
        if 0 <= limit < count:
            raise exceptions.TooLarge(f"The limit has been exceeded on the number of allowed {what}. "
                                     f"Attempted: {count}, Maximum: {limit}")
