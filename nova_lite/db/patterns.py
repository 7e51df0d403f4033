"""Regular expressions and tags that users filter lists by, matched here and by no database.

So they mean the same for SQLite, PostgreSQL and MariaDB.  A list with such a filter reads its rows in pieces, lets
other requests run between two of them, and gives up after ``_BUDGET`` seconds of matching.
"""

import dataclasses
import time
from collections.abc import Callable

import sqlalchemy as sa

from nova_lite.common import concurrency, exceptions
from nova_lite.common.regular_expressions import compiled
from nova_lite.db.locks import chunks

_PIECE = 200            # rows that are matched before other requests get their turn
_BUDGET = 2.0           # seconds that one request may spend on matching


@dataclasses.dataclass(frozen=True)
class Matcher:
    """A condition that is no SQL: ``test(value)`` says whether a row whose ``column`` has this value is wanted."""

    column: sa.ColumnElement
    test: Callable


def searching(column, pattern):
    """A Matcher: ``pattern`` is found anywhere in ``column``, in any case; NULL never matches.

    :raises BadRequest: see ``regular_expressions.compiled``.
    """
    search = compiled(pattern).search
    return Matcher(column, lambda value: value is not None and search(str(value)) is not None)


def _all(session, statement):
    return session.execute(statement).all()


def page(session, statement, key, conditions, limit, read=_all):
    """The first ``limit`` rows of an ordered statement that meet all conditions.

    :param key: the column of the statement by which a row is known.
    :param conditions: of SQL, and Matchers, in any order.
    :param read: callable(session, statement) -> [row]; rows have an attribute of the key's name.
    :raises BadRequest: see ``first``.
    """
    matchers = [each for each in conditions if isinstance(each, Matcher)]
    statement = statement.where(*(each for each in conditions if not isinstance(each, Matcher)))
    if not matchers:
        return read(session, statement.limit(limit))
    keys = first(session, key, statement, matchers, limit)
    found = {getattr(row, key.name): row for some in chunks(keys)
             for row in read(session, statement.where(key.in_(some)))}
    return [found[each] for each in keys if each in found]


def first(session, key, statement, matchers, limit):
    """The keys of the first ``limit`` rows that every matcher wants, in the statement's order.

    :param key: the column whose values are returned.
    :param statement: its FROM, WHERE and ORDER BY say which rows are looked at, in which order.
    :param matchers: [Matcher], at least one.
    :raises BadRequest: matching took longer than one request may.
    """
    columns = [each.column.label(f"matched_{number}") for number, each in enumerate(matchers)]
    tests = [each.test for each in matchers]
    rows = session.execute(statement.with_only_columns(key, *columns, maintain_column_froms=True),
                           execution_options={"yield_per": _PIECE})
    found, spent = [], 0.0
    for piece in rows.partitions():
        began = time.perf_counter()
        for wanted, *values in piece:
            if all(test(value) for test, value in zip(tests, values, strict=True)):
                found.append(wanted)
                if len(found) == limit:
                    rows.close()
                    return found
        spent += time.perf_counter() - began
        if spent > _BUDGET:
            rows.close()
            raise exceptions.BadRequest(f"The filters took longer than {_BUDGET:g} s. Ask for fewer rows by further "
                                       "filters, or by simpler regular expressions.")
        concurrency.sleep(0)
    return found
