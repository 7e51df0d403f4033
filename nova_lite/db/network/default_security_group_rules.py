"""Templates of the rules that new security groups have."""

import sqlalchemy as sa

from nova_lite.db.models.default_security_group_rules import DefaultSecurityGroupRule
from nova_lite.db.network import paging

_TEMPLATES = DefaultSecurityGroupRule.__table__


def templates(session, project_id, page=paging.WHOLE):
    """All of them, whoever asks.  :param project_id: as of other resources; they belong to none."""
    return paging.page_of(session, sa.select(_TEMPLATES), _TEMPLATES, page)


def lock(session):
    """Nobody else changes the templates until this transaction ends."""
    session.execute(sa.select(_TEMPLATES.c.id).order_by(_TEMPLATES.c.id).with_for_update())


def first_rules(session, *, default):
    """Dicts of what the rules of a new group say; a ``remote_group_id`` of "PARENT" stands for the group itself.

    :param default: whether the group is a project's ``default``.
    """
    used = _TEMPLATES.c.used_in_default_sg if default else _TEMPLATES.c.used_in_non_default_sg
    names = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
             "remote_group_id", "remote_address_group_id")
    asked = sa.select(*(_TEMPLATES.c[each] for each in names)).where(used).order_by(_TEMPLATES.c.id)
    return [dict(row._mapping) for row in session.execute(asked)]
