"""Rows whose JSON is damaged, by a disk or a hand: one of them must not hide the others of a list."""

import collections
import logging

import orjson
import sqlalchemy as sa

LOG = logging.getLogger(__name__)


def read(session, statement, mend, rows=sa.Result.all):
    """The rows of a SELECT of columns.

    :param mend: callable(row, names of its columns that hold no JSON, and are None) -> the row to go on with.
    :param rows: callable(Result) -> rows, where none is damaged.
    """
    try:
        return rows(session.execute(statement))
    except ValueError:
        return list(_read_as_text(session, statement, mend))


def stand_ins(values):
    """A ``mend`` that lets ``values``, {column: value}, stand for what cannot be read."""
    def mend(row, names):
        LOG.warning("What the database has of %s is no JSON: %s", row.id, ", ".join(names))
        return row._replace(**{name: values[name] for name in names})
    return mend


def _read_as_text(session, statement, mend):
    columns = list(statement.selected_columns)
    is_json = [isinstance(each.type, sa.JSON) for each in columns]
    texts = [sa.cast(column, sa.Text).label(column.name) if json else column
             for column, json in zip(columns, is_json, strict=True)]
    result = session.execute(statement.with_only_columns(*texts, maintain_column_froms=True))
    make = collections.namedtuple("Row", result.keys())._make
    for found in result:
        values, names = list(found), []
        for number, name in enumerate(result.keys()):
            if is_json[number] and values[number] is not None:
                try:
                    values[number] = orjson.loads(values[number])
                except ValueError:
                    values[number] = None
                    names.append(name)
        row = make(values)
        yield mend(row, names) if names else row
