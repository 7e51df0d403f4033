"""Rows that several transactions may write at once."""

import contextlib

from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import IntegrityError

_INSERT = {"mysql": mysql.insert, "mariadb": mysql.insert, "postgresql": postgresql.insert, "sqlite": sqlite.insert}


def ensure_row(session, table, values):
    """Insert a row, unless one of its primary key is there already, which then stays as it is.

    Catching the error of a plain INSERT would not do: on MariaDB it leaves a shared lock, and of several that go on
    to write that row all but one die of a deadlock.
    """
    dialect = session.get_bind().dialect.name
    statement = _INSERT[dialect](table).values(values)
    if dialect in ("mysql", "mariadb"):
        key = next(iter(table.primary_key)).name
        statement = statement.on_duplicate_key_update({key: values[key]})
    else:
        statement = statement.on_conflict_do_nothing()
    session.execute(statement)


class Attempt:
    """:ivar refused: the IntegrityError of what could not be written; None: it is written."""

    refused = None


@contextlib.contextmanager
def attempt(session):
    """Write in the body what another transaction may have written first; yields an Attempt.

    Where a constraint refuses it, the body is undone and the transaction goes on.
    """
    made = Attempt()
    try:
        with session.begin_nested():
            yield made
    except IntegrityError as error:
        made.refused = error


def upsert(dialect, table, changed):
    """An INSERT that changes the row of the same primary key where there is one.

    :param dialect: name of the database's.
    :param changed: callable(new) -> {column: value}, of ``new``, the row that was to be inserted, and of ``table``'s
        columns, which are the row that is there.
    """
    statement = _INSERT[dialect](table)
    if dialect in ("mysql", "mariadb"):
        return statement.on_duplicate_key_update(changed(statement.inserted))
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed(statement.excluded))
