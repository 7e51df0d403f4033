"""Security groups and their rules, and which ports are in them."""

import sqlalchemy as sa

from nova_lite.db import visibility
from nova_lite.db.models.networks import DefaultSecurityGroup, Port, PortSecurityGroup, SecurityGroup, SecurityGroupRule
from nova_lite.db.network import group_scopes, host_scopes, paging, rows, sharing
from nova_lite.db.rows import attempt

_PORTS = Port.__table__
_GROUPS = SecurityGroup.__table__
_RULES = SecurityGroupRule.__table__
_MEMBERS = PortSecurityGroup.__table__
_DEFAULTS = DefaultSecurityGroup.__table__
#: Whether a rule is of the group that its project's new ports get.
_OF_DEFAULT = sa.exists().where(_DEFAULTS.c.security_group_id == _RULES.c.security_group_id).correlate(_RULES).label(
    "belongs_to_default_sg")
_OF_PORTS = _GROUPS.join(_MEMBERS, _MEMBERS.c.security_group_id == _GROUPS.c.id).join(
    _PORTS, _PORTS.c.id == _MEMBERS.c.port_id)
_ALL_RULES = sa.select(_RULES, _OF_DEFAULT).order_by(_RULES.c.id)


def groups(session, project_id, page=paging.WHOLE):
    """Security groups of the project and those shared with it, each with ``shared`` and ``rules``."""
    shared, seen = sharing.visible(_GROUPS, project_id, page)
    found = paging.page_of(session, sa.select(_GROUPS, shared).where(*seen), _GROUPS, page, shared=shared.element)
    owned = paging.grouped(session, _ALL_RULES, found, "security_group_id")
    return [each | {"rules": [dict(row._mapping) for row in owned.get(each["id"], ())]} for each in found]


def rules(session, project_id, page=paging.WHOLE):
    """Rules of the project, each with ``belongs_to_default_sg``."""
    asked = sa.select(_RULES, _OF_DEFAULT).where(*visibility.of_project(_RULES.c.project_id, project_id))
    return paging.page_of(session, asked, _RULES, page, belongs_to_default_sg=_OF_DEFAULT.element)


def states(session, group_ids):
    """{whether it is stateful} of some groups."""
    return set(session.scalars(sa.select(_GROUPS.c.stateful).where(_GROUPS.c.id.in_(group_ids)).distinct()))


def add_groups(session, port_id, group_ids):
    if group_ids:
        session.execute(sa.insert(_MEMBERS), [{"port_id": port_id, "security_group_id": each} for each in group_ids])


def join_group(session, port_ids, group_id):
    """Put ports into a group that none of them is in."""
    for each in sorted(port_ids):
        rows.raise_revision(session, Port, each)
        add_groups(session, each, [group_id])
        group_scopes.joined(session, each, [group_id])
        host_scopes.port_changed(session, each)


def remove_group(session, port_ids, group_id):
    """Take ports out of a group."""
    for each in sorted(port_ids):
        rows.raise_revision(session, Port, each)
        group_scopes.left(session, each, [group_id])
        host_scopes.port_changed(session, each)
    session.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.port_id.in_(port_ids),
                                              _MEMBERS.c.security_group_id == group_id))


def set_groups(session, port_id, group_ids):
    """Put a port into these groups, and take it out of all others; the caller raises its revision."""
    before = set(group_scopes.of_port(session, port_id))
    session.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.port_id == port_id))
    add_groups(session, port_id, group_ids)
    group_scopes.left(session, port_id, before - set(group_ids))
    group_scopes.joined(session, port_id, set(group_ids) - before)
    host_scopes.port_changed(session, port_id)


def default_group(session, project_id):
    """The id of a project's default group; None while it has none."""
    return session.scalar(sa.select(_DEFAULTS.c.security_group_id).where(_DEFAULTS.c.project_id == project_id))


def try_default_group(session, group, group_rules):
    """Write a project's default group; False, and nothing written, where another did at the same time.

    :param group_rules: its rows; none where an operator has deleted the default rules.
    """
    with attempt(session) as tried:
        session.execute(sa.insert(_GROUPS).values(**group))
        session.execute(sa.insert(_DEFAULTS).values(project_id=group["project_id"], security_group_id=group["id"]))
        if group_rules:
            session.execute(sa.insert(_RULES), group_rules)
    if not tried.refused:
        group_scopes.changed(session, group["id"])
    return not tried.refused


def groups_of(session, server_ids):
    """({server id: names of the security groups of its ports, port by port}, {port id: ids of its security groups})"""
    names, ids = {}, {}
    asked = sa.select(_PORTS.c.server_id, _MEMBERS.c.port_id, _GROUPS.c.id, _GROUPS.c.name).select_from(
        _OF_PORTS).where(_PORTS.c.server_id.in_(server_ids))
    for row in session.execute(asked.order_by(_PORTS.c.nic_index, _GROUPS.c.name, _GROUPS.c.id)):
        names.setdefault(row.server_id, []).append(row.name)
        ids.setdefault(row.port_id, []).append(row.id)
    return names, {port_id: sorted(each) for port_id, each in ids.items()}
