"""Which groups' scopes a change of a port, a security group or an address group touches.

A port that joins or leaves a group, or has other addresses, is one row of the index in each of its groups, however many
members these have.
"""

import ipaddress

import sqlalchemy as sa

from nova_lite.db import desired_state
from nova_lite.db.models.address_groups import AddressGroup, AddressGroupAddress
from nova_lite.db.models.networks import FixedIp, Port, PortSecurityGroup, SecurityGroup, SecurityGroupRule
from nova_lite.objects.desired_group import of_address_group, of_group

_MEMBERS, _PORTS, _IPS, _GROUPS, _RULES = (
    each.__table__ for each in (PortSecurityGroup, Port, FixedIp, SecurityGroup, SecurityGroupRule))
_ADDRESS_GROUPS, _ADDRESSES = AddressGroup.__table__, AddressGroupAddress.__table__


# ---- changing

def joined(session, port_id, group_ids):
    """A port is a member of groups, or has other addresses."""
    for each in group_ids:
        desired_state.changed(session, of_group(each), desired_state.MEMBER, [port_id])


def left(session, port_id, group_ids):
    """A port is a member of groups no more."""
    for each in group_ids:
        desired_state.gone(session, of_group(each), desired_state.MEMBER, [port_id])


def members_changed(session, groups):
    """Members of groups have other addresses.  :param groups: {group id: [port id]}"""
    for group_id, port_ids in sorted(groups.items()):
        desired_state.changed(session, of_group(group_id), desired_state.MEMBER, port_ids)


def readdressed(session, port_id):
    """A port has other addresses, or other allowed address pairs."""
    joined(session, port_id, of_port(session, port_id))


def going(session, *which):
    """Ports are about to be deleted.  :param which: conditions on ports."""
    for port_id, group_id in session.execute(sa.select(_MEMBERS.c.port_id, _MEMBERS.c.security_group_id).join(
            _PORTS, _PORTS.c.id == _MEMBERS.c.port_id).where(*which)):
        left(session, port_id, [group_id])


def changed(session, group_id):
    """A security group is new, or its rules or its flag are others than before."""
    desired_state.changed(session, of_group(group_id), desired_state.GROUP, [group_id])


def gone(session, group_id):
    desired_state.gone(session, of_group(group_id), desired_state.GROUP, [group_id])


def address_group_changed(session, group_id):
    """An address group is new, or has other addresses."""
    desired_state.changed(session, of_address_group(group_id), desired_state.ADDRESS_GROUP, [group_id])


def address_group_gone(session, group_id):
    desired_state.gone(session, of_address_group(group_id), desired_state.ADDRESS_GROUP, [group_id])


# ---- asking

def of_port(session, port_id):
    """Ids of the security groups of a port."""
    return list(session.scalars(sa.select(_MEMBERS.c.security_group_id).where(_MEMBERS.c.port_id == port_id)
                                .order_by(_MEMBERS.c.security_group_id)))


def of_ports(session, port_ids):
    """{port id: ids of its security groups}"""
    found = {}
    for row in session.execute(sa.select(_MEMBERS).where(_MEMBERS.c.port_id.in_(port_ids)).order_by(
            _MEMBERS.c.port_id, _MEMBERS.c.security_group_id)) if port_ids else ():
        found.setdefault(row.port_id, []).append(row.security_group_id)
    return found


def naming(session, group_id):
    """Ids of the other security groups that have rules which name this one."""
    return list(session.scalars(sa.select(_RULES.c.security_group_id).where(
        _RULES.c.remote_group_id == group_id, _RULES.c.security_group_id != group_id).distinct().order_by(
        _RULES.c.security_group_id)))


def with_rules(session, group_ids):
    """(security groups: id, revision and stateful; {group id: its rules}) of those of some groups that are there."""
    if not group_ids:
        return (), {}
    found = session.execute(sa.select(_GROUPS.c.id, _GROUPS.c.revision, _GROUPS.c.stateful).where(
        _GROUPS.c.id.in_(group_ids))).all()
    rules = {}
    for row in session.execute(sa.select(_RULES).where(_RULES.c.security_group_id.in_(group_ids))
                               .order_by(_RULES.c.id)):
        rules.setdefault(row.security_group_id, []).append(row)
    return found, rules


def members(session, port_ids):
    """([ports that are members: id, network_id, security_group_id], {port id: its addresses}) of some ports.

    A port's addresses are its own, and those of its allowed address pairs.  A pair of every address stands for none: it
    would open to the world whatever is open to the group.
    """
    if not port_ids:
        return (), {}
    found = session.execute(sa.select(
        _PORTS.c.id, _PORTS.c.network_id, _PORTS.c.allowed_address_pairs, _MEMBERS.c.security_group_id).join(
        _MEMBERS, _MEMBERS.c.port_id == _PORTS.c.id).where(_PORTS.c.id.in_(port_ids))).all()
    addresses = {}
    for row in session.execute(sa.select(_IPS.c.port_id, _IPS.c.ip).where(_IPS.c.port_id.in_(port_ids))
                               .order_by(_IPS.c.id)):
        addresses.setdefault(row.port_id, []).append(row.ip)
    pairs = {row.id: [each["ip_address"] for each in row.allowed_address_pairs or ()
                      if ipaddress.ip_network(each["ip_address"], strict=False).prefixlen] for row in found}
    return found, {key: list(dict.fromkeys([*addresses.get(key, ()), *more])) for key, more in pairs.items()}


def addresses(session, group_ids):
    """{address group id: its prefixes} of those of some address groups that are there."""
    if not group_ids:
        return {}
    found = {}
    for row in session.execute(sa.select(_ADDRESS_GROUPS.c.id, _ADDRESSES.c.address).outerjoin(
            _ADDRESSES, _ADDRESSES.c.address_group_id == _ADDRESS_GROUPS.c.id).where(
            _ADDRESS_GROUPS.c.id.in_(group_ids)).order_by(_ADDRESS_GROUPS.c.id, _ADDRESSES.c.address)):
        found.setdefault(row.id, []).extend([] if row.address is None else [row.address])
    return found
