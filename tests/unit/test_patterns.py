"""Regular expressions of filters: which RE2 takes, and that a list with one looks at its rows in pieces."""

import pytest
import sqlalchemy as sa

from nova_lite.common import concurrency, exceptions
from nova_lite.db import patterns

TAKEN = ["a", "^web-[0-9]+$", "(a|b)c*", "a{2,5}", ".*x.*y.*", "(?:abc)+", r"\d+\.\d+\.\d+\.\d+$", "x?y?z?",
         "^(prod|test)-.*-node[0-9]{1,3}$",
         # each of these would keep an engine that tries one way after the other busy for seconds to years
         "(a*)*b", "(a+)+b", "(.*)*x", "a*a*a*a*b", "(a|aa)+(b|bb)+(c|cc)+(d|dd)+", "a?" * 40 + "a" * 40,
         "(?:a+|b)(?:a+|b)(?:a+|b)(?:a+|b)c", "[^b]+[^c]+[^d]+d"]
REFUSED = [r"(a)\1", "(?P<x>a)(?P=x)", "(?=a)b", "(?<=a)b", "(?!a)b", "a" * 256, "(x{100}){100}", "a{2000}"]


@pytest.mark.parametrize("pattern", TAKEN)
def test_a_pattern_of_re2_is_taken_whatever_its_shape(pattern):
    for text in ("a", "ab", "x", "web"):
        patterns.compiled(pattern).search(text * 1000)


@pytest.mark.parametrize("pattern", REFUSED)
def test_a_pattern_that_needs_backtracking_or_is_too_large_is_refused(pattern):
    with pytest.raises(exceptions.BadRequest, match="regular expression"):
        patterns.compiled(pattern)


def test_matching_ignores_case_beyond_ascii():
    assert patterns.compiled("ü").search("MÜNCHEN")
    assert patterns.compiled("a.b").search("A\nB")


@pytest.fixture
def rows():
    """(session, table) of 1,000 rows named row-0 to row-999, in memory."""
    table = sa.Table("rows", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String))
    engine = sa.create_engine("sqlite://")
    table.create(engine)
    with sa.orm.Session(engine) as session:
        session.execute(sa.insert(table), [{"id": number, "name": f"row-{number}"} for number in range(1000)])
        yield session, table


def test_the_first_rows_that_match_are_found_in_order(rows):
    session, table = rows
    statement = sa.select().select_from(table).order_by(table.c.id.desc())
    assert patterns.first(session, table.c.id, statement, [patterns.searching(table.c.name, "[05]$")], 3) == [
        995, 990, 985]


def test_a_scan_yields_to_other_threads_between_two_pieces(rows, monkeypatch):
    session, table = rows
    turns = []
    monkeypatch.setattr(concurrency, "sleep", turns.append)
    patterns.first(session, table.c.id, sa.select().select_from(table).order_by(table.c.id),
                   [patterns.searching(table.c.name, "nothing$")], 10)
    assert len(turns) == 1000 / patterns._PIECE


def test_a_list_whose_filters_take_too_long_is_given_up(rows, monkeypatch):
    session, table = rows
    monkeypatch.setattr(patterns, "_BUDGET", -1)
    with pytest.raises(exceptions.BadRequest, match="Ask for fewer rows"):
        patterns.first(session, table.c.id, sa.select().select_from(table).order_by(table.c.id),
                       [patterns.searching(table.c.name, "nothing$")], 10)


def test_a_page_takes_conditions_of_both_kinds_and_keeps_the_order(rows):
    session, table = rows
    statement = sa.select(table).order_by(table.c.id.desc())
    conditions = [patterns.searching(table.c.name, "[05]$"), table.c.id < 900, patterns.searching(table.c.name, "-8")]
    assert [row.id for row in patterns.page(session, statement, table.c.id, conditions, 3)] == [895, 890, 885]
    assert [row.id for row in patterns.page(session, statement, table.c.id, [table.c.id < 2], 3)] == [1, 0]
