"""Queries about grants: which role a user or a group has on a project, a domain or the system, and what roles imply.

An actor is a pair ("user" or "group", id); a target is a pair ("project", "domain" or "system", id), where the id of
the system is "all".
"""

import sqlalchemy as sa

from nova_lite.db.models.identity import Grant, Group, GroupMember, ImpliedRole, Project, User

_GRANTS, _PROJECTS, _MEMBERS = Grant.__table__, Project.__table__, GroupMember.__table__
_DIRECT = _GRANTS.c.inherited == sa.false()
_ON_DOMAIN_INHERITED = sa.and_(_GRANTS.c.target_type == "domain", _GRANTS.c.inherited == sa.true())
#: Tables whose rows belong to a domain, by the type of actor or target that they are.
_IN_DOMAIN = {"user": User.__table__, "group": Group.__table__, "project": _PROJECTS}


def list_(session, domain_id=None, **equal):
    """Rows of Grant.

    :param domain_id: of those on this domain and on the projects in it; None: of all.
    :param equal: values of columns.
    """
    query = sa.select(_GRANTS).where(*(_GRANTS.c[name] == value for name, value in equal.items()))
    if domain_id is not None:
        query = query.where(sa.or_(_is("target", "domain", domain_id), _inside("target", "project", domain_id)))
    return session.execute(query.order_by(*_GRANTS.primary_key)).all()


def of(session, actor, target, **equal):
    """Rows of the grants of one actor on one target, inherited ones included; ``equal`` as in ``list_``."""
    return list_(session, **_columns(actor, target), **equal)


def add(session, actor, target, role_id, inherited=False):
    """Give a role; nothing happens where the actor has it already."""
    row = {**_columns(actor, target), "role_id": role_id, "inherited": inherited}
    if not list_(session, **row):
        session.execute(sa.insert(Grant).values(**row))


def remove(session, actor, target, role_id, inherited=False):
    """Take a role away; return whether the actor had it."""
    row = {**_columns(actor, target), "role_id": role_id, "inherited": inherited}
    found = sa.delete(Grant).where(*(_GRANTS.c[name] == value for name, value in row.items()))
    return session.execute(found).rowcount > 0


def forget(session, kind, id):
    """Delete all grants to and on something that is about to be deleted; of a domain, also those to and on all in it.

    :param kind: "user", "group", "project", "domain" or "role"; grants of a role go with its row.
    """
    if kind in ("user", "group"):
        session.execute(sa.delete(Grant).where(_is("actor", kind, id)))
    elif kind in ("project", "domain"):
        session.execute(sa.delete(Grant).where(_is("target", kind, id)))
    if kind == "domain":
        for column, inner in (("actor", "user"), ("actor", "group"), ("target", "project")):
            session.execute(sa.delete(Grant).where(_inside(column, inner, id)))


def role_ids(session, user_id, target, group_ids=()):
    """Ids of the roles given to a user on a target: to the user or to one of its groups, on the target or inherited.

    :param group_ids: groups to which the user belongs besides those that list it as a member.
    """
    kind, id = target
    reached = sa.and_(_is("target", kind, id), _DIRECT)
    if kind == "project":
        home = sa.select(_PROJECTS.c.domain_id).where(_PROJECTS.c.id == id).scalar_subquery()
        reached = sa.or_(reached, sa.and_(_ON_DOMAIN_INHERITED, _GRANTS.c.target_id == home))
    query = sa.select(_GRANTS.c.role_id).where(_to(user_id, group_ids), reached)
    return session.execute(query.distinct().order_by(_GRANTS.c.role_id)).scalars().all()


def target_ids(session, user_id, kind):
    """Ids of the targets of one kind ("project", "domain" or "system") on which a user has any role."""
    given = _to(user_id)
    query = sa.select(_GRANTS.c.target_id).where(given, _GRANTS.c.target_type == kind, _DIRECT)
    if kind == "project":
        domains = sa.select(_GRANTS.c.target_id).where(given, _ON_DOMAIN_INHERITED)
        query = query.union(sa.select(_PROJECTS.c.id).where(_PROJECTS.c.domain_id.in_(domains)))
    return set(session.execute(query).scalars())


def _to(user_id, group_ids=()):
    """Grants to a user or to one of the groups to which it belongs."""
    groups = sa.select(_MEMBERS.c.group_id).where(_MEMBERS.c.user_id == user_id)
    to_group = _GRANTS.c.actor_id.in_(groups)
    if group_ids:
        to_group = sa.or_(to_group, _GRANTS.c.actor_id.in_(group_ids))
    return sa.or_(_is("actor", "user", user_id), sa.and_(_GRANTS.c.actor_type == "group", to_group))


def _columns(actor, target):
    return {"actor_type": actor[0], "actor_id": actor[1], "target_type": target[0], "target_id": target[1]}


def _is(side, kind, id):
    """Grants whose actor or target (``side``) is this one."""
    return sa.and_(_GRANTS.c[f"{side}_type"] == kind, _GRANTS.c[f"{side}_id"] == id)


def _inside(side, kind, domain_id):
    """Grants whose actor or target is of ``kind`` and in a domain."""
    table = _IN_DOMAIN[kind]
    inside = sa.select(table.c.id).where(table.c.domain_id == domain_id)
    return sa.and_(_GRANTS.c[f"{side}_type"] == kind, _GRANTS.c[f"{side}_id"].in_(inside))


# ---- members of groups

def add_member(session, group_id, user_id):
    """Make a user a member of a group; nothing happens where it is one."""
    found = sa.select(_MEMBERS).where(_MEMBERS.c.group_id == group_id, _MEMBERS.c.user_id == user_id)
    if session.execute(found).first() is None:
        session.execute(sa.insert(GroupMember).values(group_id=group_id, user_id=user_id))


def remove_member(session, group_id, user_id):
    """Take a user out of a group; return whether it was a member."""
    found = sa.delete(GroupMember).where(_MEMBERS.c.group_id == group_id, _MEMBERS.c.user_id == user_id)
    return session.execute(found).rowcount > 0


# ---- what roles imply

def implications(session):
    """{role id: [ids of the roles it implies directly]}."""
    found = {}
    for prior, implied in session.execute(sa.select(ImpliedRole.prior_id, ImpliedRole.implied_id)):
        found.setdefault(prior, []).append(implied)
    return found


def add_implication(session, prior_id, implied_id):
    """Let one role imply another; nothing happens where it does."""
    if implied_id not in implications(session).get(prior_id, ()):
        session.execute(sa.insert(ImpliedRole).values(prior_id=prior_id, implied_id=implied_id))
