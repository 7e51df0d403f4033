"""What requests about flavors may say."""

from nova_lite.api.compute.schemas.types import (
    ANY,
    BOOLEAN,
    MAX_INT,
    METADATA,
    METADATA_KEY,
    NAME,
    PAGING,
    PROJECT_ID,
    action,
    closed,
    extended,
    number,
    query,
    wrapped,
)
from nova_lite.api.wsgi.validation import Since

_SIZE, _SIZE_OR_NONE = number(1, MAX_INT), number(0, MAX_INT)
_DESCRIPTION = {"type": ["string", "null"], "format": "description", "minLength": 0, "maxLength": 65535}
_FACTOR = {"type": ["number", "string"], "pattern": r"^[0-9]+(\.[0-9]+)?$", "exclusiveMinimum": 0,
           "maximum": 3.40282e+38}

_FLAVOR = closed(
    ["name", "ram", "vcpus", "disk"],
    name=NAME, ram=_SIZE, vcpus=_SIZE, disk=_SIZE_OR_NONE, swap=_SIZE_OR_NONE, rxtx_factor=_FACTOR,
    id={"type": ["string", "number", "null"], "minLength": 1, "maxLength": 255,
        "pattern": "^(?! )[a-zA-Z0-9. _-]+(?<! )$"},
    **{"OS-FLV-EXT-DATA:ephemeral": _SIZE_OR_NONE, "os-flavor-access:is_public": BOOLEAN})
_FLAVOR_255 = extended(_FLAVOR, description=_DESCRIPTION)

CREATE = Since({"2.1": wrapped("flavor", _FLAVOR), "2.55": wrapped("flavor", _FLAVOR_255),
                "2.102": wrapped("flavor", extended(_FLAVOR_255, without=["rxtx_factor"]))})
UPDATE = wrapped("flavor", closed(["description"], description=_DESCRIPTION))

SORT_KEYS = ("created_at", "description", "disabled", "ephemeral_gb", "flavorid", "id", "is_public", "memory_mb",
             "name", "root_gb", "rxtx_factor", "swap", "updated_at", "vcpu_weight", "vcpus")


def _list(*, extra=True, without=(), **more):
    keys = [key for key in SORT_KEYS if key not in without]
    return query(extra=extra, **PAGING, is_public=ANY, minRam=ANY, minDisk=ANY, **more,
                 sort_key={"type": "string", "enum": keys}, sort_dir={"type": "string", "enum": ["asc", "desc"]})


LIST = Since({"2.1": _list(), "2.75": _list(extra=False),
              "2.102": _list(extra=False, without=["rxtx_factor"],
                             name={"type": "string", "oneOf": [{"maxLength": 0}, {"format": "regex"}]})})

ADD_ACCESS = action("addTenantAccess", closed(["tenant"], tenant=PROJECT_ID))
REMOVE_ACCESS = action("removeTenantAccess", closed(["tenant"], tenant=PROJECT_ID))

_SPECS = {**METADATA, "patternProperties": {METADATA_KEY: {"type": ["string", "number"], "maxLength": 255}}}
SPECS = wrapped("extra_specs", _SPECS)
SPEC = {**_SPECS, "minProperties": 1, "maxProperties": 1}
