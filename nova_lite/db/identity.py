"""Queries about domains, projects, users, groups and roles.

Every function takes the caller's session and returns Rows, or None where there is nothing.
"""

import hashlib

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nova_lite.common import exceptions
from nova_lite.common.names import folded
from nova_lite.db import identity_grants
from nova_lite.db.models.identity import Domain, Group, Project, Role, User

KINDS = {"domain": Domain, "project": Project, "user": User, "group": Group, "role": Role}
_BATCH = 1000       # rows read at once where a list is filtered here


class Duplicate(exceptions.Conflict):
    template = "Conflict occurred attempting to store {kind} - Duplicate entry found with name {name}{where}."


def name_key(name):
    """The value of the column ``name_key`` for a name."""
    return hashlib.sha256(folded(name).encode("utf-8", "surrogatepass")).hexdigest()


def get(session, kind, id):
    """The row of an id.  :param kind: one of KINDS."""
    table = KINDS[kind].__table__
    return session.execute(sa.select(table).where(table.c.id == id)).first()


def named(session, kind, name, domain_id=None):
    """The row by its name in any case, in a domain where names belong to one."""
    table = KINDS[kind].__table__
    query = sa.select(table).where(table.c.name_key == name_key(name))
    if domain_id is not None:
        query = query.where(table.c.domain_id == domain_id)
    return session.execute(query).first()


def list_(session, kind, filters, marker=None, limit=None, keep=None):
    """Rows that equal every one of ``filters`` ({column: value}), by id, after ``marker``.

    :param keep: None, or a predicate of a row: for what no two databases compare alike.
    """
    query = _matching(KINDS[kind].__table__, filters)
    if keep is None:
        return _after(session, kind, query, marker, limit)
    found = []
    while rows := _after(session, kind, query, marker, _BATCH):
        marker = rows[-1].id
        found += filter(keep, rows)
        if len(rows) < _BATCH or (limit is not None and len(found) >= limit):
            break
    return found if limit is None else found[:limit]


def _matching(table, filters):
    equal = {name: value for name, value in filters.items() if name != "name"}
    if "name" in filters:
        equal["name_key"] = name_key(filters["name"])
    return sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))


def _after(session, kind, query, marker, limit):
    table = KINDS[kind].__table__
    if marker is not None:
        query = query.where(table.c.id > marker)
    return session.execute(query.order_by(table.c.id).limit(limit)).all()


def by_ids(session, kind, ids):
    """{id: Row} of those that exist."""
    table = KINDS[kind].__table__
    return {row.id: row for row in session.execute(sa.select(table).where(table.c.id.in_(set(ids))))}


def add(session, kind, values):
    """:raises Duplicate: the name is taken."""
    _unique(session, kind, values, sa.insert(KINDS[kind]).values(**_keyed(values)))


def change(session, kind, id, values):
    """:raises Duplicate: the name is taken."""
    if values:
        _unique(session, kind, values, sa.update(KINDS[kind]).where(KINDS[kind].id == id).values(**_keyed(values)))


def _keyed(values):
    return {**values, "name_key": name_key(values["name"])} if "name" in values else values


def remove(session, kind, id):
    """Delete a row with all that belongs to it, its grants included; return whether it was there."""
    identity_grants.forget(session, kind, id)
    return session.execute(sa.delete(KINDS[kind]).where(KINDS[kind].id == id)).rowcount > 0


def _unique(session, kind, values, statement):
    try:
        session.execute(statement)
    except IntegrityError as error:
        where = f" at domain ID {values['domain_id']}" if "domain_id" in values else ""
        raise Duplicate(kind=kind, name=values.get("name"), where=where) from error
