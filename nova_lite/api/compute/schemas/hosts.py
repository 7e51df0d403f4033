"""What requests about services, hypervisors and zones may say."""

from nova_lite.api.compute.schemas.types import (
    ANY,
    BOOLEAN,
    FQDN,
    NON_NEGATIVE,
    PAGING,
    closed,
    extended,
    query,
    single,
)
from nova_lite.api.wsgi.validation import Since

_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}

_BY_HOST = closed(["host", "binary"], host=FQDN, binary=_TEXT, disabled_reason=_TEXT)
SERVICE_UPDATE = Since({
    "2.1": _BY_HOST, "2.11": extended(_BY_HOST, forced_down=BOOLEAN),
    "2.53": closed(status={"type": "string", "enum": ["enabled", "disabled"]}, disabled_reason=_TEXT,
                   forced_down=BOOLEAN)})
SERVICE_LIST = Since({"2.1": query(host=ANY, binary=ANY), "2.75": query(extra=False, host=ANY, binary=ANY)})

HYPERVISOR_LIST = Since({
    "2.1": query(), "2.33": query(**PAGING),
    "2.53": query(extra=False, limit=single(NON_NEGATIVE), marker=single(ANY),
                  hypervisor_hostname_pattern=single(FQDN), with_servers=single(BOOLEAN))})
HYPERVISOR_SHOW = Since({"2.1": query(), "2.53": query(extra=False, with_servers=single(BOOLEAN))})
ANY_QUERY = query()

HOST_LIST = query(service=ANY, zone=ANY)
_SWITCH = {"type": "string", "enum": ["enable", "disable", "Enable", "Disable", "ENABLE", "DISABLE"]}
HOST_UPDATE = {"type": "object", "anyOf": [{"required": ["status"]}, {"required": ["maintenance_mode"]}],
               "properties": {"status": _SWITCH, "maintenance_mode": _SWITCH}, "additionalProperties": False}
