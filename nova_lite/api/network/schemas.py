"""The bodies of the network API.  What has no effect here is refused unless it says what is so anyway."""

_TRUE = [True, "true", "True", "1", 1]
_BOOLEAN = {"enum": [*_TRUE, False, "false", "False", "0", 0]}
_ONLY_TRUE = {"enum": _TRUE}
_TEXT = {"type": "string", "maxLength": 255}
_ID = {"type": "string", "minLength": 1, "maxLength": 255}
_IPV4 = {"type": "string", "format": "ipv4"}
_MAC = {"type": "string", "pattern": "^[0-9a-fA-F][02468aceACE](:[0-9a-fA-F]{2}){5}$"}
_EMPTY_LIST = {"type": "array", "maxItems": 0}
#: No project has a longer id.
_PROJECT = {**_ID, "maxLength": 64}
_OWNER = {"project_id": _PROJECT, "tenant_id": _PROJECT}
_NAMED = {"name": _TEXT, "description": _TEXT}
_POOLS = {"type": "array", "maxItems": 100, "items": {
    "type": "object", "additionalProperties": False, "required": ["start", "end"],
    "properties": {"start": _IPV4, "end": _IPV4}}}
_INTEGER = {"oneOf": [{"type": "integer"}, {"type": "string", "pattern": "^[0-9]{1,10}$"}, {"type": "null"}]}


def _body(name, properties, required=()):
    return {"type": "object", "additionalProperties": False, "required": [name], "properties": {
        name: {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}}}


_NETWORK = _NAMED | {
    "admin_state_up": _ONLY_TRUE, "shared": _BOOLEAN, "port_security_enabled": _ONLY_TRUE,
    "mtu": {"type": ["integer", "string"], "pattern": "^[0-9]{1,5}$", "minimum": 68, "maximum": 9216}}
NETWORK_CREATE = _body("network", _NETWORK | _OWNER | {
    "availability_zone_hints": _EMPTY_LIST, "router:external": {"enum": [False, "false", "False"]}})
NETWORK_UPDATE = _body("network", _NETWORK)

_SUBNET = _NAMED | {
    "gateway_ip": {"oneOf": [_IPV4, {"type": "null"}]}, "enable_dhcp": _BOOLEAN, "allocation_pools": _POOLS,
    "dns_nameservers": {"type": "array", "maxItems": 5, "uniqueItems": True, "items": _IPV4},
    "host_routes": _EMPTY_LIST, "service_types": _EMPTY_LIST}
SUBNET_CREATE = _body("subnet", _SUBNET | _OWNER | {
    "network_id": _ID, "cidr": {"type": "string", "maxLength": 64}, "ip_version": {"enum": [4, "4", 6, "6"]},
    "subnetpool_id": {"type": "null"}, "ipv6_ra_mode": {"type": "null"}, "ipv6_address_mode": {"type": "null"}},
    ("network_id", "ip_version", "cidr"))
SUBNET_UPDATE = _body("subnet", _SUBNET)

_PORT = _NAMED | {
    "admin_state_up": _ONLY_TRUE, "port_security_enabled": _ONLY_TRUE, "mac_address": _MAC,
    "device_id": _TEXT, "device_owner": _TEXT,
    "fixed_ips": {"type": "array", "maxItems": 16, "items": {
        "type": "object", "additionalProperties": False, "minProperties": 1,
        "properties": {"ip_address": _IPV4, "subnet_id": _ID}}},
    "security_groups": {"type": "array", "maxItems": 100, "uniqueItems": True, "items": _ID},
    "allowed_address_pairs": _EMPTY_LIST, "extra_dhcp_opts": _EMPTY_LIST,
    "binding:vnic_type": {"enum": ["normal"]}, "binding:profile": {"type": "object", "maxProperties": 0}}
PORT_CREATE = _body("port", _PORT | _OWNER | {"network_id": _ID}, ("network_id",))
PORT_UPDATE = _body("port", _PORT)

GROUP_CREATE = _body("security_group", _NAMED | _OWNER | {"stateful": _ONLY_TRUE})
GROUP_UPDATE = _body("security_group", _NAMED | {"stateful": _ONLY_TRUE})

RULE_CREATE = _body("security_group_rule", _OWNER | {
    "security_group_id": _ID, "direction": {"enum": ["ingress", "egress"]},
    "ethertype": {"enum": ["IPv4", "IPv6", None]}, "protocol": {"type": ["string", "integer", "null"], "maxLength": 40},
    "port_range_min": _INTEGER, "port_range_max": _INTEGER,
    "remote_ip_prefix": {"type": ["string", "null"], "maxLength": 64},
    "remote_group_id": {"oneOf": [_ID, {"type": "null"}]}, "remote_address_group_id": {"type": "null"},
    "description": _TEXT}, ("security_group_id", "direction"))
