"""The bodies of the network API.  What has no effect here is refused unless it says what is so anyway."""

from nova_lite.common import ipv6
from nova_lite.objects import qos_rules

_TRUE = [True, "true", "True", "1", 1]
_FALSE = [False, "false", "False", "0", 0]
_BOOLEAN = {"enum": [*_TRUE, *_FALSE]}
_ONLY_TRUE, _ONLY_FALSE = {"enum": _TRUE}, {"enum": _FALSE}
_TEXT = {"type": "string", "maxLength": 255}
_ID = {"type": "string", "minLength": 1, "maxLength": 255}
_UUID = {"type": "string", "format": "uuid", "maxLength": 64}
_IPV4 = {"type": "string", "format": "ipv4"}
_IP = {"type": "string", "format": "ip"}
_IPV6_MODE = {"enum": [*ipv6.MODES, None]}
_DNS = {"type": "string", "maxLength": 256}
_MAC = {"type": "string", "maxLength": 24}
_UUID_OR_NULL = {**_UUID, "type": ["string", "null"]}
_VERSION = {"enum": [4, "4", 6, "6"]}
#: Of a prefix: a number, or one as text.
_LENGTH = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 128}, {"type": "string", "pattern": "^[0-9]{1,3}$"}]}
_COUNT = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 0x7FFFFFFF},
                    {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
_TAGS = {"type": "array", "uniqueItems": True, "items": {"type": "string", "maxLength": 255}}
_TAG_LIST = _TAGS | {"maxItems": 50}
#: How long they may be together is said when they are kept.
_ZONE_HINTS = {"type": "array", "maxItems": 100, "uniqueItems": True, "items": {"type": "string", "maxLength": 255}}
#: Resources that one request makes.
_BULK = 1000
#: No project has a longer id.
_PROJECT = {**_ID, "maxLength": 64}
_OWNER = {"project_id": _PROJECT, "tenant_id": _PROJECT}
_NAMED = {"name": _TEXT, "description": _TEXT}
_TAGGED = {"tags": _TAG_LIST}
_POOLS = {"type": ["array", "null"], "maxItems": 100, "items": {
    "type": "object", "additionalProperties": False, "required": ["start", "end"],
    "properties": {"start": _IP, "end": _IP}}}
_PORT_OR_TYPE = {"type": ["integer", "string", "null"], "maxLength": 10}


def _one(properties, required=()):
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _body(name, properties, required=()):
    return _one({name: _one(properties, required)}, [name])


def _several(name, properties, required=(), plural=None):
    """The body of one new resource, or of several, each with or without its kind's name around it."""
    one = _one(properties, required)
    each = {"if": {"type": "object", "required": [name]}, "then": _one({name: one}, [name]), "else": one}
    return {"type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1, "properties": {
        name: one, plural or f"{name}s": {"type": "array", "minItems": 1, "maxItems": _BULK, "items": each}}}


#: How many may be there is said when it is known whose they are.
TAGS = _one({"tags": _TAGS}, ["tags"])


_NETWORK = _NAMED | {
    "dns_domain": _DNS, "qos_policy_id": _UUID_OR_NULL,
    "admin_state_up": _BOOLEAN, "shared": _BOOLEAN, "router:external": _BOOLEAN, "is_default": _BOOLEAN,
    "port_security_enabled": _BOOLEAN,
    "mtu": {"type": ["integer", "string"], "pattern": "^[0-9]{1,5}$", "minimum": 68, "maximum": 9216}}
_PROVIDER = {
    "provider:network_type": {"type": "string", "maxLength": 32},
    "provider:physical_network": {"type": ["string", "null"], "maxLength": 64},
    "provider:segmentation_id": {"type": ["integer", "string", "null"], "pattern": "^[0-9]{1,9}$",
                                 "minimum": 0, "maximum": 999999999}}
NETWORK_CREATE = _several("network", _NETWORK | _PROVIDER | _OWNER | _TAGGED | {
    "availability_zone_hints": _ZONE_HINTS})
NETWORK_UPDATE = _body("network", _NETWORK | _PROVIDER)

_ROUTES = {"type": ["array", "null"], "maxItems": 1000, "items": _one(
    {"destination": {"type": "string", "maxLength": 64}, "nexthop": _IP}, ["destination", "nexthop"])}
_SUBNET = _NAMED | {
    "gateway_ip": {"oneOf": [_IP, {"type": "null"}]}, "enable_dhcp": _BOOLEAN, "allocation_pools": _POOLS,
    "dns_nameservers": {"type": ["array", "null"], "maxItems": 5, "uniqueItems": True, "items": _IP},
    "host_routes": _ROUTES, "service_types": {
        "type": ["array", "null"], "maxItems": 100, "items": {"type": "string", "maxLength": 255}}}
SUBNET_CREATE = _several("subnet", _SUBNET | _OWNER | _TAGGED | {
    "network_id": _UUID, "cidr": {"type": ["string", "null"], "maxLength": 64}, "ip_version": _VERSION,
    "subnetpool_id": _UUID_OR_NULL, "segment_id": _UUID_OR_NULL, "use_default_subnetpool": _BOOLEAN,
    "prefixlen": _LENGTH, "ipv6_ra_mode": _IPV6_MODE, "ipv6_address_mode": _IPV6_MODE},
    ("network_id", "ip_version"))
SUBNET_UPDATE = _body("subnet", _SUBNET)

_PREFIXES = {"type": "array", "maxItems": 100, "uniqueItems": True, "items": {"type": "string", "maxLength": 64}}
_POOL = {
    "name": {**_TEXT, "minLength": 1}, "description": _TEXT, "prefixes": _PREFIXES, "min_prefixlen": _LENGTH,
    "max_prefixlen": _LENGTH, "default_prefixlen": _LENGTH, "default_quota": _COUNT, "is_default": _BOOLEAN,
    "address_scope_id": _UUID_OR_NULL}
SUBNETPOOL_CREATE = _several("subnetpool", _POOL | _OWNER | _TAGGED | {"shared": _BOOLEAN}, ("name", "prefixes"))
SUBNETPOOL_UPDATE = _body("subnetpool", _POOL)
PREFIXES = _one({"prefixes": {**_PREFIXES, "minItems": 1}}, ["prefixes"])
_SCOPE = {"name": _TEXT, "shared": _BOOLEAN}
ADDRESS_SCOPE_CREATE = _several("address_scope", _SCOPE | _OWNER | {"ip_version": _VERSION}, ("ip_version",))
ADDRESS_SCOPE_UPDATE = _body("address_scope", _SCOPE)

_FIXED_IPS = {"type": "array", "maxItems": 16, "items": {
    "type": "object", "additionalProperties": False, "minProperties": 1,
    "properties": {"ip_address": _IP, "subnet_id": _UUID}}}
#: How many a port may have is configured.
_PAIRS = {"type": ["array", "null"], "maxItems": 1000, "items": _one(
    {"mac_address": _MAC, "ip_address": {"type": "string", "maxLength": 64}})}
_DHCP_OPTIONS = {"type": ["array", "null"], "maxItems": 100, "items": _one(
    {"opt_name": {"type": "string", "minLength": 1, "maxLength": 64},
     "opt_value": {"type": ["string", "null"], "maxLength": 255}, "ip_version": _VERSION}, ["opt_name", "opt_value"])}
_VNIC_TYPE = {"enum": ["normal"]}
_PROFILE = {"type": ["object", "null"], "maxProperties": 50, "additionalProperties": True}
_PORT = _NAMED | {
    "dns_name": _DNS, "dns_domain": _DNS, "qos_policy_id": _UUID_OR_NULL,
    "admin_state_up": _BOOLEAN, "port_security_enabled": _BOOLEAN, "mac_address": _MAC,
    "device_id": _TEXT, "device_owner": _TEXT,
    "fixed_ips": _FIXED_IPS,
    "security_groups": {"type": ["array", "null"], "maxItems": 100, "uniqueItems": True, "items": _UUID},
    "allowed_address_pairs": _PAIRS, "extra_dhcp_opts": _DHCP_OPTIONS,
    "binding:vnic_type": _VNIC_TYPE, "binding:host_id": {"type": ["string", "null"], "maxLength": 255},
    "binding:profile": _PROFILE}
PORT_CREATE = _several("port", _PORT | _OWNER | _TAGGED | {"network_id": _UUID}, ("network_id",))
PORT_UPDATE = _body("port", _PORT | {"mac_address": {"type": ["string", "null"], "maxLength": 24}})
_BINDING = {"host": _ID, "vnic_type": _VNIC_TYPE, "profile": _PROFILE}
BINDING_CREATE = _body("binding", _BINDING | _OWNER, ["host"])
BINDING_UPDATE = _body("binding", _BINDING)

_SEGMENT = {"name": {"type": ["string", "null"], "maxLength": 255}, "description": _TEXT}
SEGMENT_CREATE = _several("segment", _SEGMENT | _OWNER | _TAGGED | {
    "network_id": _UUID, "network_type": {"type": "string", "maxLength": 32},
    "physical_network": {"type": "string", "maxLength": 64}, "segmentation_id": _COUNT},
    ("network_id", "network_type"))
SEGMENT_UPDATE = _body("segment", _SEGMENT)

_SUBPORTS = {"type": "array", "maxItems": _BULK, "items": _one({
    "port_id": _UUID, "segmentation_type": {"type": ["string", "null"], "maxLength": 32},
    "segmentation_id": {"type": ["integer", "string", "null"], "maxLength": 10}}, ["port_id"])}
_TRUNK = _NAMED | {"admin_state_up": _BOOLEAN}
TRUNK_CREATE = _several("trunk", _TRUNK | _OWNER | _TAGGED | {"port_id": _UUID, "sub_ports": _SUBPORTS}, ("port_id",))
TRUNK_UPDATE = _body("trunk", _TRUNK)
SUBPORTS = _one({"sub_ports": _SUBPORTS}, ["sub_ports"])

GROUP_CREATE = _several("security_group", _NAMED | _OWNER | _TAGGED | {"stateful": _BOOLEAN})
GROUP_UPDATE = _body("security_group", _NAMED | {"stateful": _BOOLEAN})

_REMOTE = dict.fromkeys(("remote_group_id", "remote_address_group_id"), {"type": ["string", "null"], "maxLength": 255})
_RULE = {
    "direction": {"enum": ["ingress", "egress"]},
    "ethertype": {"type": ["string", "null"], "maxLength": 16},
    "protocol": {"type": ["string", "integer", "null"], "maxLength": 40},
    "port_range_min": _PORT_OR_TYPE, "port_range_max": _PORT_OR_TYPE,
    "remote_ip_prefix": {"type": ["string", "null"], "maxLength": 64},
    **_REMOTE, "description": _TEXT}
RULE_CREATE = _several("security_group_rule", _OWNER | _RULE | {"security_group_id": _ID},
                       ("security_group_id", "direction"))
DEFAULT_RULE_CREATE = _body("default_security_group_rule", _OWNER | _RULE | {
    "used_in_default_sg": _BOOLEAN, "used_in_non_default_sg": _BOOLEAN}, ("direction",))

_ADDRESSES = {"type": "array", "maxItems": 1000, "items": {"type": "string", "maxLength": 64}}
ADDRESS_GROUP_CREATE = _several("address_group", _NAMED | _OWNER | {
    "addresses": {**_ADDRESSES, "type": ["array", "null"]}})
ADDRESS_GROUP_UPDATE = _body("address_group", _NAMED)
ADDRESSES = _one({"addresses": _ADDRESSES}, ["addresses"])

_TARGET = {"target_tenant": {**_PROJECT}}
RBAC_POLICY_CREATE = _body("rbac_policy", _OWNER | _TARGET | {
    "object_type": _TEXT, "object_id": _ID, "action": _TEXT}, ("object_type", "object_id", "action", "target_tenant"))
RBAC_POLICY_UPDATE = _body("rbac_policy", _TARGET)

_QOS_POLICY = _NAMED | {"shared": _BOOLEAN, "is_default": _BOOLEAN}
QOS_POLICY_CREATE = _several("policy", _QOS_POLICY | _OWNER | _TAGGED, plural="policies")
QOS_POLICY_UPDATE = _body("policy", _QOS_POLICY)
_RULES = {name: {parameter: _COUNT if kind == "range" else {"enum": [*one, *map(str, one)]}
                 for parameter, (kind, one) in parameters.items()} for name, parameters in qos_rules.TYPES.items()}
#: {type: body}
QOS_RULE_CREATE = {name: _several(f"{name}_rule", each | _OWNER, [one for one in each if one not in qos_rules.DEFAULTS])
                   for name, each in _RULES.items()}
QOS_RULE_UPDATE = {name: _body(f"{name}_rule", each) for name, each in _RULES.items()}
QOS_ALIAS_UPDATE = {name: _body(f"alias_{name}_rule", _RULES[name]) for name in qos_rules.ALIASED}

_ROUTER = _NAMED | {
    "admin_state_up": _BOOLEAN, "distributed": _ONLY_FALSE, "ha": _ONLY_FALSE,
    "external_gateway_info": {
        "type": ["object", "null"], "additionalProperties": False, "properties": {
            "network_id": _UUID, "enable_snat": _BOOLEAN, "external_fixed_ips": _FIXED_IPS,
            "qos_policy_id": _UUID_OR_NULL}}}
ROUTER_CREATE = _several("router", _ROUTER | _OWNER | _TAGGED | {
    "availability_zone_hints": _ZONE_HINTS, "flavor_id": {"type": "null"}})
ROUTER_UPDATE = _body("router", _ROUTER | {"routes": _ROUTES})
ROUTER_INTERFACE = _one({"subnet_id": _ID, "port_id": _ID})
EXTRA_ROUTES = _body("router", {"routes": {**_ROUTES, "type": "array"}}, ["routes"])

_FLOATING_IP = {"port_id": _UUID_OR_NULL, "fixed_ip_address": {"oneOf": [_IP, {"type": "null"}]},
                "description": _TEXT, "qos_policy_id": _UUID_OR_NULL}
FLOATING_IP_CREATE = _several("floatingip", _FLOATING_IP | _OWNER | _TAGGED | {
    "floating_network_id": _UUID, "subnet_id": _UUID_OR_NULL, "dns_name": _DNS, "dns_domain": _DNS,
    "floating_ip_address": {"oneOf": [_IP, {"type": "null"}]}}, ("floating_network_id",))
FLOATING_IP_UPDATE = _body("floatingip", _FLOATING_IP)

_NUMBER = {"oneOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": "^[0-9]{1,5}$"},
                     {"type": "null"}]}
_RANGE = {"type": ["string", "integer", "null"], "maxLength": 11}
_FORWARDING = {
    "internal_port_id": _UUID, "internal_ip_address": _IPV4, "protocol": {"type": "string", "maxLength": 8},
    "external_port": _NUMBER, "internal_port": _NUMBER, "external_port_range": _RANGE, "internal_port_range": _RANGE,
    "description": _TEXT}
PORT_FORWARDING_CREATE = _several("port_forwarding", _FORWARDING | _OWNER, ("internal_port_id", "protocol"))
PORT_FORWARDING_UPDATE = _body("port_forwarding", _FORWARDING)

_LIMIT = {"oneOf": [{"type": "integer", "minimum": -1, "maximum": 0x7FFFFFFF},
                    {"type": "string", "pattern": "^(-1|[0-9]{1,9})$"}]}
_LIMITED = ("network", "subnet", "subnetpool", "port", "security_group", "security_group_rule", "rbac_policy", "router",
            "router_route", "floatingip", "trunk")
QUOTA_UPDATE = _body("quota", {**dict.fromkeys(_LIMITED, _LIMIT), "force": _BOOLEAN, "check_limit": _BOOLEAN, **_OWNER})
