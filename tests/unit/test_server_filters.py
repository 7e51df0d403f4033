"""Regular expressions of list filters, as LIKE where that says the same."""

import re
import sqlite3

import pytest

from nova_lite.db import server_filters

NAMES = ["web", "WEB-1", "my web", "web_1", "web%", "a/b", "web.1", "webx1", "", "we", "über", "a\\b", "w(e)b"]
PATTERNS = ["web", "^web", "web$", "^web$", "web.1", r"web\.1", "w.*1", "^.*$", "_", "%", "/", "", "we?b", "w[ex]b",
            "web|my", r"w\(e\)b", r"a\\b", "ü", "^web.1$", "x$", r"web\$"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_like_matches_what_the_regular_expression_does(pattern):
    like = server_filters._like(pattern)
    if like is None:
        assert not pattern.isascii() or re.search(r"[\\.*+?{}()|\[\]^$]", pattern)
        return
    connection = sqlite3.connect(":memory:")
    for name in NAMES:
        (matched,) = connection.execute("SELECT ? LIKE ? ESCAPE '/'", (name.lower(), like.lower())).fetchone()
        assert bool(matched) == bool(re.search(pattern, name, re.IGNORECASE | re.DOTALL)), (pattern, like, name)


def test_a_page_begins_after_its_marker_whatever_it_is_sorted_by():
    """The condition names each expression of the order; missing values have a place in it."""
    order = server_filters.order([("locked_by", "asc"), ("display_name", "desc")])
    assert [direction for _, direction in order] == ["asc", "desc", "desc", "desc"]
    assert "coalesce(servers.locked_by" in str(order[0][0])


def test_sorting_by_age_uses_the_index_alone():
    assert [str(expression) for expression, _ in server_filters.order([("created_at", "desc")])] == [
        "servers.created_at", "servers.id"]


def test_filters_that_cannot_match_need_no_query():
    assert server_filters.conditions({"power_state": "on"}) is None
    assert server_filters.conditions({"progress": "7"}) is None
    assert server_filters.conditions({"progress": "0"}) == []
