"""Regular expressions of filters: which are let through, and that none of those runs for long."""

import re
import time

import pytest

from nova_lite.common import exception
from nova_lite.db import patterns

LET_THROUGH = ["a", "^web-[0-9]+$", "(a|b)c*", "a{2,5}", ".*x.*y.*", "(?:abc)+", "[a-z]+-[a-z]+-[0-9]+", "((ab)+c)+",
               "(web|db)+-[0-9]+", r"\d+\.\d+\.\d+\.\d+$", "^(prod|test)-.*-node[0-9]{1,3}$", "x?y?z?", "(?=x)x+$"]
#: Each with a text of a name's length that it would take long to be found missing from.
REFUSED = [
    ("(a*)*b", "a"), ("(a+)+b", "a"), ("(.*)*x", "a"), ("a*a*a*a*b", "a"), (r"(a)\1", "a"), ("(?P<x>a)(?P=x)", "a"),
    ("a" * 256, "a"), ("(a|aa)+(b|bb)+(c|cc)+(d|dd)+", "a"), ("a?" * 40 + "a" * 40, "a"), ("a{1,9}" * 20 + "b", "a"),
    ("(a|aa)+b", "a"), ("(a|[^b])" * 30 + "c", "a"), ("(?:a+|b)(?:a+|b)(?:a+|b)(?:a+|b)c", "a"), ("a+a+a+b", "a"),
    ("k+\u212ak+\u212ak+\u212ax", "k"), ("(?=(a+)+b)", "a"), ("[^b]+[^c]+[^d]+d", "a"), (r"\w+\w+\w+b", "a")]


@pytest.mark.parametrize("pattern", LET_THROUGH)
def test_patterns_of_everyday_are_let_through(pattern):
    patterns.check(pattern)


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in REFUSED])
def test_patterns_that_could_run_for_ever_are_not(pattern):
    with pytest.raises(exception.BadRequest, match="too complex"):
        patterns.check(pattern)


@pytest.mark.parametrize("pattern", [*LET_THROUGH, "a?" * 8 + "a" * 30 + "b", "(a|[^b])" * 8 + "c",
                                     "a{1,9}" * 4 + "b", "a{1,24}" * 3 + "b", "a+a+b", "[^b]+[^c]+c", ".*a.*ab"])
def test_what_is_let_through_is_quick_whatever_the_text(pattern):
    patterns.check(pattern)
    compiled, started = re.compile(f"(?i){pattern}"), time.process_time()
    for text in ("a", "x", "ab", "0.", "web"):
        compiled.search((text * patterns.LONGEST)[:patterns.LONGEST])
    assert time.process_time() - started < 1
