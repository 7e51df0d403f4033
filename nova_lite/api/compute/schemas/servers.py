"""What requests about servers may say, version by version."""

from nova_lite.api.compute.schemas.block_devices import LEGACY_MAPPING, MAPPING
from nova_lite.api.compute.schemas.types import (
    BASE64,
    BOOLEAN,
    CLOSED_QUERY,
    DESCRIPTION,
    DISK_CONFIG,
    FLAVOR_REF,
    FQDN,
    HOSTNAME,
    IMAGE_OR_EMPTY,
    IP,
    IPV4,
    IPV6,
    MAX_TAGS,
    METADATA,
    NAME,
    NAME_OR_NONE,
    NON_NEGATIVE,
    OPEN_QUERY,
    POSITIVE,
    TAG,
    UUID,
    action,
    closed,
    extended,
    wrapped,
)
from nova_lite.api.wsgi.validation import Since

_PORT = {"type": ["string", "null"], "format": "uuid"}
_ACCESS = {"OS-DCF:diskConfig": DISK_CONFIG, "accessIPv4": IPV4, "accessIPv6": IPV6}
_TAGS = {"type": "array", "items": TAG, "maxItems": MAX_TAGS}
_CERTIFICATES = {"type": ["array", "null"], "minItems": 1, "maxItems": 50, "uniqueItems": True,
                 "items": {"type": "string", "minLength": 1}}
_PERSONALITY = {"type": "array", "items": closed(["path", "contents"], path={"type": "string"}, contents=BASE64)}

_HINTS = {
    "type": "object",
    "properties": {
        "group": {"oneOf": [{"type": "array", "items": UUID}, UUID]},
        "different_host": {"oneOf": [UUID, {"type": "array", "items": UUID}]},
        "same_host": {"type": ["string", "array"], "items": UUID},
        "query": {"type": ["string", "object"]},
        "target_cell": NAME,
        "different_cell": {"type": ["string", "array"], "items": {"type": "string"}},
        "build_near_host_ip": IP,
        "cidr": {"type": "string", "pattern": "^/[0-9a-f.:]+$"},
    },
    "additionalProperties": True,
}


def _networks(*, strict, tag):
    """``networks`` of a create: from 2.37 also "auto" and "none", with ids checked here; device tags come and go."""
    item = {"fixed_ip": IP, "port": _PORT, "uuid": UUID if strict else {"type": "string"}}
    if tag:
        item["tag"] = TAG
    items = {"type": "array", "items": closed(**item)}
    return {"oneOf": [items, {"type": "string", "enum": ["none", "auto"]}]} if strict else items


def _mappings(**more):
    return {"type": "array", "items": extended(MAPPING, **more)}


def _request(server, *required):
    return closed(["server"], server={**server, "required": ["name", "flavorRef", *required]},
                  **{"os:scheduler_hints": _HINTS, "OS-SCH-HNT:scheduler_hints": _HINTS})


_V21 = closed(
    name=NAME, imageRef=IMAGE_OR_EMPTY, flavorRef=FLAVOR_REF, adminPass={"type": "string"}, metadata=METADATA,
    networks=_networks(strict=False, tag=False), personality=_PERSONALITY, availability_zone=NAME,
    block_device_mapping={"type": "array", "items": LEGACY_MAPPING}, block_device_mapping_v2=_mappings(),
    config_drive=BOOLEAN, key_name=NAME, min_count=POSITIVE, max_count=POSITIVE, return_reservation_id=BOOLEAN,
    security_groups={"type": "array", "items": closed(name=NAME)}, user_data={**BASE64, "maxLength": 65535}, **_ACCESS)
_V219 = extended(_V21, description=DESCRIPTION)
_V232 = extended(_V219, networks=_networks(strict=False, tag=True), block_device_mapping_v2=_mappings(tag=TAG))
_V233 = extended(_V219, networks=_networks(strict=False, tag=True))
_V237 = extended(_V233, networks=_networks(strict=True, tag=False))
_V242 = extended(_V237, networks=_networks(strict=True, tag=True), block_device_mapping_v2=_mappings(tag=TAG))
_V252 = extended(_V242, tags=_TAGS)
_V257 = extended(_V252, without=["personality"])
_V263 = extended(_V257, trusted_image_certificates=_CERTIFICATES)
_V267 = extended(_V263, block_device_mapping_v2=_mappings(
    tag=TAG, volume_type={"type": ["string", "null"], "minLength": 0, "maxLength": 255}))
_V274 = extended(_V267, host=FQDN, hypervisor_hostname=FQDN)
_V290 = extended(_V274, hostname=HOSTNAME)
_V294 = extended(_V290, hostname=FQDN)

CREATE = Since({
    "2.1": _request(_V21), "2.19": _request(_V219), "2.32": _request(_V232), "2.33": _request(_V233),
    "2.37": _request(_V237, "networks"), "2.42": _request(_V242, "networks"), "2.52": _request(_V252, "networks"),
    "2.57": _request(_V257, "networks"), "2.63": _request(_V263, "networks"), "2.67": _request(_V267, "networks"),
    "2.74": _request(_V274, "networks"), "2.90": _request(_V290, "networks"), "2.94": _request(_V294, "networks"),
})

_UPDATE = closed(name=NAME, **_ACCESS)
_UPDATE_219 = extended(_UPDATE, description=DESCRIPTION)
_UPDATE_294 = extended(_UPDATE_219, hostname=FQDN)
UPDATE = Since({
    "2.1": wrapped("server", _UPDATE), "2.19": wrapped("server", _UPDATE_219),
    "2.90": wrapped("server", extended(_UPDATE_219, hostname=HOSTNAME)), "2.94": wrapped("server", _UPDATE_294),
    "2.104": wrapped("server", extended(_UPDATE_294, pinned_availability_zone=NAME_OR_NONE)),
})

SHOW = Since({"2.1": OPEN_QUERY, "2.102": CLOSED_QUERY})

STOP, START = action("os-stop"), action("os-start")
PAUSE, UNPAUSE, SUSPEND, RESUME = action("pause"), action("unpause"), action("suspend"), action("resume")
RESTORE, FORCE_DELETE = action("restore"), action("forceDelete")

_REBUILD = closed(
    ["imageRef"], name=NAME, imageRef=UUID, adminPass={"type": "string"}, metadata=METADATA,
    preserve_ephemeral=BOOLEAN, personality=_PERSONALITY, **_ACCESS)
_REBUILD_219 = extended(_REBUILD, description=DESCRIPTION)
_REBUILD_254 = extended(_REBUILD_219, key_name=NAME_OR_NONE)
_REBUILD_257 = extended(_REBUILD_254, without=["personality"],
                        user_data={"type": ["string", "null"], "format": "base64", "maxLength": 65535})
_REBUILD_263 = extended(_REBUILD_257, trusted_image_certificates=_CERTIFICATES)
REBUILD = Since({
    "2.1": action("rebuild", _REBUILD), "2.19": action("rebuild", _REBUILD_219),
    "2.54": action("rebuild", _REBUILD_254), "2.57": action("rebuild", _REBUILD_257),
    "2.63": action("rebuild", _REBUILD_263), "2.90": action("rebuild", extended(_REBUILD_263, hostname=HOSTNAME)),
    "2.94": action("rebuild", extended(_REBUILD_263, hostname=FQDN)),
})
RESCUE = action("rescue", {**closed(adminPass={"type": "string"}, rescue_image_ref=UUID),
                           "type": ["object", "null"]})
UNRESCUE = action("unrescue")
RESIZE = action("resize", closed(["flavorRef"], flavorRef=FLAVOR_REF, **{"OS-DCF:diskConfig": DISK_CONFIG}))
CONFIRM_RESIZE, REVERT_RESIZE = action("confirmResize"), action("revertResize")
SHELVE, SHELVE_OFFLOAD = action("shelve"), action("shelveOffload")
UNSHELVE = Since({
    "2.1": action("unshelve"),
    "2.77": action("unshelve", {**closed(["availability_zone"], availability_zone=NAME), "type": ["object", "null"]}),
    "2.91": action("unshelve", {**closed(availability_zone={"type": ["string", "null"]}, host={"type": "string"}),
                                "type": ["object", "null"]}),
})
CHANGE_PASSWORD = action("changePassword", closed(["adminPass"], adminPass={"type": "string"}))
TRIGGER_CRASH_DUMP = action("trigger_crash_dump", {"type": "null"})
CREATE_IMAGE = action("createImage", closed(["name"], name=NAME, metadata=METADATA))
CREATE_BACKUP = action("createBackup", closed(
    ["name", "backup_type", "rotation"], name=NAME, backup_type={"type": "string"}, rotation=NON_NEGATIVE,
    metadata=METADATA))
RESET_STATE = action("os-resetState", closed(["state"], state={"type": "string", "enum": ["active", "error"]}))
REBOOT = action("reboot", closed(["type"], type={"type": "string", "enum": ["HARD", "Hard", "hard",
                                                                            "SOFT", "Soft", "soft"]}))
CONSOLE_OUTPUT = action("os-getConsoleOutput", closed(length={
    "type": ["integer", "string", "null"], "pattern": "^-?[0-9]+$", "minimum": -1}))

_REASON = {"type": "string", "minLength": 1, "maxLength": 255}
LOCK = Since({"2.1": action("lock"),
              "2.73": action("lock", {**closed(locked_reason=_REASON), "type": ["object", "null"]})})
UNLOCK = action("unlock")
