"""Address groups: those that a project sees, their addresses, and who uses them."""

import sqlalchemy as sa

from nova_lite.db.models.address_groups import AddressGroup, AddressGroupAddress
from nova_lite.db.models.default_security_group_rules import DefaultSecurityGroupRule
from nova_lite.db.models.networks import SecurityGroupRule
from nova_lite.db.network import paging, sharing

_GROUPS, _ADDRESSES, _RULES, _TEMPLATES = (each.__table__ for each in (
    AddressGroup, AddressGroupAddress, SecurityGroupRule, DefaultSecurityGroupRule))
_ALL_ADDRESSES = sa.select(_ADDRESSES).order_by(_ADDRESSES.c.address)


def groups(session, project_id, page=paging.WHOLE):
    """Address groups of the project and those shared with it, each with ``shared`` and ``addresses``."""
    shared, seen = sharing.visible(_GROUPS, project_id, page)
    found = paging.page_of(session, sa.select(_GROUPS, shared).where(*seen), _GROUPS, page, shared=shared.element)
    owned = paging.grouped(session, _ALL_ADDRESSES, found, "address_group_id")
    return [each | {"addresses": [row.address for row in owned.get(each["id"], ())]} for each in found]


def add(session, group_id, addresses):
    """Give a group addresses that it does not have yet."""
    if addresses:
        session.execute(sa.insert(_ADDRESSES), [{"address_group_id": group_id, "address": each} for each in addresses])


def remove(session, group_id, addresses):
    session.execute(sa.delete(_ADDRESSES).where(_ADDRESSES.c.address_group_id == group_id,
                                                _ADDRESSES.c.address.in_(addresses)))


def users(session, group_id):
    """Ids of the projects whose rules refer to a group."""
    return set(session.scalars(sa.select(_RULES.c.project_id).where(
        _RULES.c.remote_address_group_id == group_id).distinct()))


def in_templates(session, group_id):
    """Whether a template of security groups' first rules refers to a group."""
    return session.scalar(sa.select(sa.func.count()).where(_TEMPLATES.c.remote_address_group_id == group_id)) > 0
