"""Security group rules before they are stored: brought to the canonical form, and checked as Neutron does."""

import ipaddress

from nova_lite.db.base import new_id
from nova_lite.network import canonical, exceptions

_ICMP, _IPV6_ICMP = 1, 58
_WITH_PORTS = ("dccp", "sctp", "tcp", "udp", "udplite")
_PORT_NUMBERS = frozenset(canonical.PROTOCOLS[each] for each in _WITH_PORTS)
_ONLY_IPV6 = frozenset(("ipv6-encap", "ipv6-frag", "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route",
                        "41", "44", "58", "59", "60", "43"))
_OLD_ICMP = frozenset(("icmp", "icmpv6"))
_EVERYWHERE = frozenset(("0.0.0.0/0", "::/0", None))
_FORMS = {"ethertype": canonical.ethertype, "protocol": canonical.protocol, "port_range_min": canonical.port,
          "port_range_max": canonical.port, "remote_ip_prefix": canonical.prefix}
_REMOTE_GROUPS = ("remote_group_id", "remote_address_group_id")
#: What stands in a template for the group that gets a rule of it.
PARENT = "PARENT"
_DEFAULTS = {"ethertype": "IPv4", "protocol": None, "port_range_min": None, "port_range_max": None,
             "remote_ip_prefix": None, "remote_group_id": None, "remote_address_group_id": None}


def checked(values):
    """``values`` complete (ethertype IPv4 by default), each in its one form.

    :raises BadRequest: one of the SecurityGroup... leaves says what does not fit.
    """
    made = _DEFAULTS | values
    made |= {name: form(made[name]) for name, form in _FORMS.items()}
    made |= {name: made[name] or None for name in _REMOTE_GROUPS}
    if made["ethertype"] == "IPv6":
        made["protocol"] = _of_ipv6(made["protocol"])
    if (made["port_range_min"], made["port_range_max"]) == (1, 65535):
        made["port_range_min"] = made["port_range_max"] = None
    _check_ports(made)
    _check_remote(made)
    if made["ethertype"] == "IPv4" and made["protocol"] in _ONLY_IPV6:
        raise exceptions.SecurityGroupEthertypeConflictWithProtocol(ethertype="IPv4", protocol=made["protocol"])
    return made


def same(rule):
    """The key by which rules of a group, or templates, are equal: a protocol's name equals its number, and a prefix of
    length 0 equals none.
    """
    prefix = rule["remote_ip_prefix"]
    return (rule.get("security_group_id"), rule["direction"], rule["ethertype"], _number(rule["protocol"]),
            rule["port_range_min"], rule["port_range_max"], None if prefix in _EVERYWHERE else prefix,
            rule["remote_group_id"], rule["remote_address_group_id"])


def _of_ipv6(protocol):
    if protocol in _OLD_ICMP:
        return "ipv6-icmp"
    return str(_IPV6_ICMP) if protocol == str(_ICMP) else protocol


def _number(protocol):
    if protocol is None:
        return None
    return canonical.PROTOCOLS[protocol] if protocol in canonical.PROTOCOLS else int(protocol)


def _check_ports(rule):
    low, high = rule["port_range_min"], rule["port_range_max"]
    if low is None and high is None:
        return
    if rule["protocol"] is None:
        raise exceptions.SecurityGroupProtocolRequiredWithPorts
    number = _number(rule["protocol"])
    if number in (_ICMP, _IPV6_ICMP):
        _check_icmp(low, high)
    elif number not in _PORT_NUMBERS:
        raise exceptions.SecurityGroupInvalidProtocolForPort(protocol=rule["protocol"],
                                                             known=", ".join(_WITH_PORTS).upper())
    elif 0 in (low, high):
        raise exceptions.SecurityGroupInvalidPortValue(port=0)
    elif low is None or high is None or low > high:
        raise exceptions.SecurityGroupInvalidPortRange


def _check_icmp(kind, code):
    for what, field, value in (("type", "port_range_min", kind), ("code", "port_range_max", code)):
        if value is not None and value > 255:
            raise exceptions.SecurityGroupInvalidIcmpValue(what=what, field=field, value=value)
    if kind is None:
        raise exceptions.SecurityGroupMissingIcmpType(code=code)


def _check_remote(rule):
    prefix = rule["remote_ip_prefix"]
    if prefix is not None and rule["ethertype"] != f"IPv{ipaddress.ip_interface(prefix).version}":
        raise exceptions.SecurityGroupRuleParameterConflict(ethertype=rule["ethertype"], cidr=prefix)
    if sum(rule[name] is not None for name in ("remote_ip_prefix", *_REMOTE_GROUPS)) > 1:
        raise exceptions.SecurityGroupMultipleRemoteEntites


def of_templates(templates, project_id, group_id):
    """The rules of a new group, from templates: dicts as of first_rules."""
    return [each | {"id": new_id(), "project_id": project_id, "security_group_id": group_id,
                    "remote_group_id": group_id if each["remote_group_id"] == PARENT else each["remote_group_id"]}
            for each in templates]
