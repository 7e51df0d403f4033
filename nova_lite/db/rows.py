"""A row that must be there, made without an error where several make it at once."""

from sqlalchemy.dialects import mysql, postgresql, sqlite

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
