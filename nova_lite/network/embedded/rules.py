"""What a security group rule may say: checked as Neutron checks it, before it is kept."""

import ipaddress

from nova_lite.network import exceptions

PROTOCOLS = ("ah", "dccp", "egp", "esp", "gre", "hopopt", "icmp", "igmp", "ip", "ipip", "ipv6-encap", "ipv6-frag",
             "ipv6-icmp", "icmpv6", "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm", "rsvp", "sctp", "tcp",
             "udp", "udplite", "vrrp")
_ICMP = frozenset(("icmp", "ipv6-icmp", "icmpv6", "1", "58"))
_WITH_PORTS = frozenset(("tcp", "udp", "udplite", "sctp", "dccp", "6", "17", "136", "132", "33"))
#: What makes two rules the same rule.
SAME = ("security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
        "remote_ip_prefix", "remote_group_id")


def checked(values):
    """``values`` complete (ethertype IPv4 by default) and in order.

    :raises BadRequest: one of the SecurityGroup... leaves says what does not fit.
    """
    made = {"ethertype": "IPv4", "protocol": None, "port_range_min": None, "port_range_max": None,
            "remote_ip_prefix": None, "remote_group_id": None, **values}
    made["ethertype"] = made["ethertype"] or "IPv4"
    made["protocol"] = _protocol(made["protocol"])
    _check_ports(made)
    _check_remote(made)
    return made


def _protocol(value):
    if value is None or str(value).lower() in ("any", "0"):
        return None
    text = str(value).lower()
    if text in PROTOCOLS or (text.isascii() and text.isdigit() and int(text) <= 255):
        return text
    known = "(None, 'any', " + ", ".join(f"'{each}'" for each in PROTOCOLS) + ")"
    raise exceptions.SecurityGroupRuleInvalidProtocol(protocol=value, known=known)


def _check_ports(rule):
    protocol, low, high = rule["protocol"], rule["port_range_min"], rule["port_range_max"]
    if low is None and high is None:
        return
    if protocol is None:
        raise exceptions.SecurityGroupProtocolRequiredWithPorts
    if protocol in _ICMP:
        _check_icmp(low, high)
    elif protocol in _WITH_PORTS:
        for port in (low, high):
            if port is not None and not 0 <= port <= 65535:
                raise exceptions.SecurityGroupInvalidPortValue(port=port)
        if low is None or high is None or low > high:
            raise exceptions.SecurityGroupInvalidPortRange
    else:
        raise exceptions.InvalidInput(detail=f"Port range cannot be specified for protocol {protocol}.")


def _check_icmp(kind, code):
    for what, field, value in (("type", "port_range_min", kind), ("code", "port_range_max", code)):
        if value is not None and not 0 <= value <= 255:
            raise exceptions.SecurityGroupInvalidIcmpValue(what=what, field=field, value=value)
    if kind is None:
        raise exceptions.SecurityGroupMissingIcmpType(code=code)


def _check_remote(rule):
    prefix = rule["remote_ip_prefix"]
    if prefix is None:
        return
    if rule["remote_group_id"] is not None:
        raise exceptions.SecurityGroupMultipleRemoteEntites
    try:
        version = ipaddress.ip_network(prefix, strict=False).version
    except ValueError:
        raise exceptions.InvalidCIDR(cidr=prefix) from None
    if rule["ethertype"] != f"IPv{version}":
        raise exceptions.SecurityGroupRuleParameterConflict(ethertype=rule["ethertype"], cidr=prefix)


def at_birth(project_id, group_id, *, default):
    """The rules a new group has: everything may leave; into the ``default`` group its own members may come."""
    made = [{"direction": "egress", "ethertype": each, "remote_group_id": None} for each in ("IPv4", "IPv6")]
    if default:
        made += [{"direction": "ingress", "ethertype": each, "remote_group_id": group_id} for each in ("IPv4", "IPv6")]
    return [{"project_id": project_id, "security_group_id": group_id, **each} for each in made]
