"""Queries of identity: every function takes the caller's session and gives Rows, or None where there is nothing."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nova_lite.common import exception
from nova_lite.db.models.identity import Domain, Grant, ImpliedRole, Project, Revocation, Role, User

KINDS = {"domain": Domain, "project": Project, "user": User, "role": Role}


class Duplicate(exception.Conflict):
    template = "Conflict occurred attempting to store {kind} - Duplicate entry found with name {name}{where}."


def get(session, kind, id):
    table = KINDS[kind].__table__
    return session.execute(sa.select(table).where(table.c.id == id)).first()


def named(session, kind, name, domain_id=None):
    """The row by its name, in a domain where names belong to one."""
    table = KINDS[kind].__table__
    query = sa.select(table).where(table.c.name == name)
    if domain_id is not None:
        query = query.where(table.c.domain_id == domain_id)
    return session.execute(query).first()


def list_(session, kind, filters, marker=None, limit=None):
    """Rows that equal every one of ``filters`` ({column: value}), by id, after ``marker``."""
    table = KINDS[kind].__table__
    query = sa.select(table).where(*(table.c[name] == value for name, value in filters.items())).order_by(table.c.id)
    if marker is not None:
        query = query.where(table.c.id > marker)
    return session.execute(query.limit(limit)).all()


def by_ids(session, kind, ids):
    """{id: Row} of those that exist."""
    table = KINDS[kind].__table__
    return {row.id: row for row in session.execute(sa.select(table).where(table.c.id.in_(set(ids))))}


def add(session, kind, values):
    """:raises Duplicate: the name is taken."""
    _unique(session, kind, values, sa.insert(KINDS[kind]).values(**values))


def change(session, kind, id, values):
    """:raises Duplicate: the name is taken."""
    if values:
        _unique(session, kind, values, sa.update(KINDS[kind]).where(KINDS[kind].id == id).values(**values))


def remove(session, kind, id):
    """Delete it with everything of it; whether it was there."""
    if kind in ("project", "domain"):
        session.execute(sa.delete(Grant).where(Grant.target == kind, Grant.target_id == id))
    if kind == "domain":
        inside = sa.select(Project.id).where(Project.domain_id == id)
        session.execute(sa.delete(Grant).where(Grant.target == "project", Grant.target_id.in_(inside)))
    return session.execute(sa.delete(KINDS[kind]).where(KINDS[kind].id == id)).rowcount > 0


def _unique(session, kind, values, statement):
    try:
        session.execute(statement)
    except IntegrityError as error:
        where = f" at domain ID {values['domain_id']}" if "domain_id" in values else ""
        raise Duplicate(kind=kind, name=values.get("name"), where=where) from error


# ---- who has which role where

def grants(session, **equal):
    """Rows of Grant; ``equal`` names columns: user_id, target, target_id, role_id."""
    table = Grant.__table__
    query = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))
    return session.execute(query.order_by(table.c.user_id, table.c.target_id, table.c.role_id)).all()


def add_grant(session, **row):
    """Harmless when it is already there."""
    if not grants(session, **row):
        session.execute(sa.insert(Grant).values(**row))


def remove_grant(session, **row):
    found = sa.delete(Grant).where(*(getattr(Grant, name) == value for name, value in row.items()))
    return session.execute(found).rowcount > 0


def holders(session, role_id):
    """(user_id, target, target_id) of everyone a role was given to."""
    table = Grant.__table__
    return session.execute(sa.select(table.c.user_id, table.c.target, table.c.target_id)
                           .where(table.c.role_id == role_id)).all()


def implications(session):
    """{role id: [ids of the roles it implies directly]}."""
    found = {}
    for prior, implied in session.execute(sa.select(ImpliedRole.prior_id, ImpliedRole.implied_id)):
        found.setdefault(prior, []).append(implied)
    return found


def add_implication(session, prior_id, implied_id):
    if implied_id not in implications(session).get(prior_id, ()):
        session.execute(sa.insert(ImpliedRole).values(prior_id=prior_id, implied_id=implied_id))


# ---- what was revoked

def revoke(session, keys, before, expires):
    """Void tokens with any of ``keys``; rows whose tokens have all expired go."""
    session.execute(sa.delete(Revocation).where(Revocation.expires < before))
    session.execute(sa.insert(Revocation), [{"key": key, "before": before, "expires": expires} for key in keys])


def revoked(session, since):
    """(key, before, expires) of revocations from ``since`` (epoch seconds) on."""
    return session.execute(sa.select(Revocation.key, Revocation.before, Revocation.expires)
                           .where(Revocation.before >= since)).all()
