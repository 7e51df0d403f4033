"""The bodies of security groups and address groups in desired state."""

from nova_lite.db.network import group_scopes
from nova_lite.objects.desired_group import (
    AddressGroupChanges,
    DesiredAddressGroup,
    DesiredGroup,
    DesiredGroupRule,
    DesiredMember,
    GroupChanges,
    of_group,
)


def bodies(session, group_ids):
    """{security group id: DesiredGroup} of those of some groups that are there, in two statements."""
    found, rules = group_scopes.with_rules(session, group_ids)
    return {row.id: DesiredGroup.make(id=row.id, revision=row.revision, stateful=bool(row.stateful), rules=[
        _rule(each) for each in rules.get(row.id, ())]) for row in found}


def _rule(row):
    return DesiredGroupRule.make(
        id=row.id, direction=row.direction, ethertype=row.ethertype, protocol=row.protocol,
        port_min=row.port_range_min, port_max=row.port_range_max, remote_prefix=row.remote_ip_prefix,
        remote_group=row.remote_group_id, remote_addresses=row.remote_address_group_id)


def members(session, port_ids):
    """{(scope of a security group, port id): DesiredMember} of some ports, in two statements."""
    found, addresses = group_scopes.members(session, port_ids)
    return {(of_group(row.security_group_id), row.id): DesiredMember.make(
        port_id=row.id, network_id=row.network_id, addresses=addresses.get(row.id, [])) for row in found}


def group_changes(part, groups, of_ports):
    """GroupChanges of a part of a security group's scope.  :param groups, of_ports: as of bodies and members.

    A port that is in the index and no member any more is gone.
    """
    ids = [each for _, each, _ in part.resources]
    here = {each: of_ports[part.scope, each] for each in ids if (part.scope, each) in of_ports}
    return GroupChanges.make(
        scope=part.scope, revision=part.revision, whole=part.whole, more=part.more,
        groups=[groups[each] for each in ids if each in groups],
        members=[here[each] for each in ids if each in here],
        gone=[each for each in ids if each not in groups and each not in here])


def address_group_changes(part, addresses):
    """AddressGroupChanges of a part of an address group's scope.  :param addresses: {address group id: prefixes}.

    It is the only resource of its scope, so that its revision is the scope's.
    """
    ids = [each for _, each, _ in part.resources]
    return AddressGroupChanges.make(
        scope=part.scope, revision=part.revision, whole=part.whole, more=part.more,
        address_groups=[DesiredAddressGroup.make(id=each, revision=part.revision, addresses=addresses[each])
                        for each in ids if each in addresses],
        gone=[each for each in ids if each not in addresses])
