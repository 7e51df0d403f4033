"""Security groups through the compute API, up to 2.35: the network service's, in Nova's form."""

import contextlib
import ipaddress

from oslo_utils import uuidutils

from nova_lite.common import exceptions, ip_text
from nova_lite.common.visibility import ALL
from nova_lite.network import exceptions as network_exceptions
from nova_lite.network.listing import Ask

_PROTOCOLS = ("tcp", "udp", "icmp")


class GroupProxy:
    """Groups are dicts as the network facade gives them."""

    def __init__(self, network):
        self._groups = network.security_groups
        self._rules = network.security_group_rules

    def list(self, context, project_id):
        """By name.  :param project_id: whose; ALL: those of every project that the caller sees."""
        filters = {} if project_id is ALL else {"project_id": [project_id]}
        return sorted(self._groups.list(context, Ask(filters=filters)), key=lambda each: (each["name"], each["id"]))

    def get(self, context, id):
        """:raises BadRequest: that is no uuid.  :raises NotFound:"""
        _check(id)
        return self._groups.get(context, id)

    def names(self, context, groups):
        """{group id: group} of the groups that rules of ``groups`` name as sources."""
        found = {each["id"]: each for each in groups if "id" in each}
        ids = sorted({rule["remote_group_id"] for group in groups for rule in group["rules"]} - {None, *found})
        if ids:
            found |= {each["id"]: each for each in self._groups.list(context, Ask(filters={"id": ids}))}
        return found

    def create(self, context, name, description):
        """:raises Forbidden: quota, or it would be a second default group."""
        with _words():
            return self._groups.create(context, {"project_id": context.project_id, "name": name,
                                                 "description": description})

    def update(self, context, group, name, description):
        """:raises BadRequest: it is the default group."""
        with _words():
            return self._groups.update(context, group, {"name": name, "description": description})

    def delete(self, context, group):
        """:raises BadRequest: a server is in it, or it is the default group."""
        with _words():
            self._groups.delete(context, group)

    def add_rule(self, context, group, asked):
        """Add an ingress rule and return it.

        :param asked: {"ip_protocol", "from_port", "to_port", "cidr", "group_id"}, each possibly missing.
        :raises BadRequest: the rule is incomplete, invalid, or there already.
        """
        if asked.get("group_id"):
            self.get(context, asked["group_id"])
        with _words(group["id"]):
            return self._rules.create(context, _rule(group, asked) | {"project_id": group["project_id"]})

    def rule(self, context, id):
        """:raises BadRequest: that is no uuid.  :raises NotFound:"""
        _check(id)
        return self._rules.get(context, id)

    def delete_rule(self, context, rule):
        self._rules.delete(context, rule)


def _check(id):
    if not uuidutils.is_uuid_like(id):
        raise exceptions.BadRequest("Security group id should be uuid")


@contextlib.contextmanager
def _words(group_id=None):
    try:
        yield
    except network_exceptions.SecurityGroupRuleExists as error:
        raise exceptions.BadRequest(f"This rule already exists in group {group_id}") from error
    except (network_exceptions.OverQuota, network_exceptions.SecurityGroupDefaultAlreadyExists) as error:
        raise exceptions.Forbidden(str(error)) from error
    except exceptions.Conflict as error:
        raise exceptions.BadRequest(str(error)) from error


def _rule(group, asked):
    """The rule in the network service's form."""
    cidr, other = _cidr(asked), asked.get("group_id") or None
    protocol, low, high = asked.get("ip_protocol"), asked.get("from_port"), asked.get("to_port")
    if protocol is not None or low is not None or high is not None or not other:
        protocol, low, high = _span(protocol, low, high)
    version = ipaddress.ip_interface(cidr).version if cidr else 4
    return {"security_group_id": group["id"], "direction": "ingress", "ethertype": f"IPv{version}",
            "protocol": protocol, "port_range_min": None if low == -1 else low,
            "port_range_max": None if high == -1 else high, "remote_ip_prefix": None if other else cidr,
            "remote_group_id": other}


def _cidr(asked):
    """The address and its prefix as they were asked; everything where neither range nor group is named."""
    text = asked.get("cidr") or "0.0.0.0/0"
    if asked.get("group_id"):
        return None
    try:
        if "/" not in text:
            raise ValueError
        found = ip_text.interface(text)
    except ValueError as error:
        raise exceptions.BadRequest(f"{text} is not a valid IP network.") from error
    if not found.network.prefixlen and int(found.ip):
        raise exceptions.BadRequest(f"Bad prefix for network in cidr {text}")
    return str(found)


def _span(protocol, low, high):
    """(protocol, from_port, to_port), checked and completed."""
    if protocol is None or low is None or high is None:
        raise exceptions.BadRequest("Not enough parameters to build a valid rule.")
    try:
        low, high = int(low), int(high)
    except ValueError as error:
        raise exceptions.BadRequest("Invalid input received: To and From ports must be integers") from error
    protocol = str(protocol).lower()
    if protocol not in _PROTOCOLS:
        raise exceptions.BadRequest(f"Invalid IP protocol {protocol}.")
    if protocol == "icmp":
        least, most, what = -1, 255, "For ICMP, the type:code must be valid"
    else:
        least, most, what = 1, 65535, f"Valid {protocol.upper()} ports should be between 1-65535"
        if low > high:
            what, most = "Former value cannot be greater than the later", low - 1
    if not (least <= low <= most and least <= high <= most):
        raise exceptions.BadRequest(f"Invalid port range {low}:{high}. {what}")
    return protocol, low, high
