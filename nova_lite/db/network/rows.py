"""Writes that are the same for every kind of resource, and its tags."""

import sqlalchemy as sa

from nova_lite.db.models.network_tags import TAG_TABLES
from nova_lite.db.rows import attempt


def insert(session, model, values):
    session.execute(sa.insert(model.__table__).values(**values))


def lock(session, model, resource_id, *, writing=True):
    """Nobody else changes a row, or writes one that names it, until this transaction ends.

    :param writing: False: others may go on writing rows that name it.
    """
    table = model.__table__
    session.execute(sa.select(table.c.id).where(table.c.id == resource_id).with_for_update(read=not writing))


def update(session, model, resource_id, values):
    """Change a row and count its revision up, where it has one."""
    table = model.__table__
    if "revision" in table.c:
        values = {**values, "revision": table.c.revision + 1}
    session.execute(sa.update(table).where(table.c.id == resource_id).values(**values))


def raise_revision(session, model, resource_id):
    """Count a row's revision up: what belongs to it changed."""
    update(session, model, resource_id, {})


def add_tags(session, model, resource_id, tags):
    """Give a resource tags that it does not have yet."""
    if tags:
        session.execute(sa.insert(TAG_TABLES[model.__tablename__]),
                        [{"resource_id": resource_id, "tag": each} for each in tags])


def remove_tags(session, model, resource_id, tags):
    table = TAG_TABLES[model.__tablename__]
    session.execute(sa.delete(table).where(table.c.resource_id == resource_id, table.c.tag.in_(tags)))


def try_delete(session, model, resource_id):
    """Delete a row; False, and nothing happened, where another row needs it."""
    table = model.__table__
    with attempt(session) as tried:
        session.execute(sa.delete(table).where(table.c.id == resource_id))
    return not tried.refused


def count(session, model, project_id):
    table = model.__table__
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.project_id == project_id))
