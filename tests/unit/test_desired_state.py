"""The index of desired state: revisions follow commits, answers are whole or since a revision, and tombstones go."""

import datetime
import random

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import integers
from nova_lite.db import desired_state
from nova_lite.db.base import now
from nova_lite.db.desired_state import PORT
from nova_lite.db.models.desired_state import Applied, Scope, ScopeRow
from nova_lite.db.models.servers import ComputeNode
from nova_lite.objects.desired_state import of_host, of_network
from tests.api.test_statements import counted

HOST_A, HOST_B = of_host("a"), of_host("b")


@pytest.fixture
def empty(database):
    """A database with its tables."""


def change(scope=HOST_A, *ids):
    with db.writer() as session:
        desired_state.changed(session, scope, PORT, ids or ("p",))


def remove(scope, *ids):
    with db.writer() as session:
        desired_state.gone(session, scope, PORT, ids)


def ask(known, after=(), most=100):
    with db.reader() as session:
        return desired_state.changes(session, known, dict(after), most)


def one(scope=HOST_A, since=0, **more):
    part, = ask({scope: since}, **more)
    return part.revision, part.whole, [(key, gone) for _, key, gone in part.resources]


def test_a_transaction_counts_the_revision_of_each_of_its_scopes_up_once(empty):
    with db.writer() as session:
        desired_state.changed(session, HOST_B, PORT, ["p"])
        desired_state.changed(session, HOST_A, PORT, ["p", "q"])
        desired_state.changed(session, HOST_A, PORT, ["p"])
    change(HOST_A, "r")
    assert one() == (2, True, [("p", False), ("q", False), ("r", False)])
    assert one(HOST_B) == (1, True, [("p", False)])


def test_a_transaction_that_is_undone_changes_no_revision(empty):
    with pytest.raises(ZeroDivisionError), db.writer() as session:
        desired_state.changed(session, HOST_A, PORT, ["p"])
        raise ZeroDivisionError
    assert one() == (0, True, [])


def test_a_consumer_gets_changes_and_tombstones_since_its_revision(empty):
    change(HOST_A, "p", "q")
    change(HOST_A, "q")
    remove(HOST_A, "p")
    assert one(since=1) == (3, False, [("q", False), ("p", True)])
    assert one(since=3) == (3, False, [])
    assert one() == (3, True, [("q", False)]), "who has nothing needs no tombstones"


def test_a_resource_that_comes_back_is_no_tombstone_any_more(empty):
    change(HOST_A, "p")
    remove(HOST_A, "p")
    change(HOST_A, "p")
    assert one(since=1) == (3, False, [("p", False)])


def test_the_last_change_of_a_resource_within_a_transaction_counts(empty):
    with db.writer() as session:
        desired_state.gone(session, HOST_A, PORT, ["p"])
        desired_state.changed(session, HOST_A, PORT, ["p"])
    assert one() == (1, True, [("p", False)])


def test_a_revision_that_never_was_is_answered_with_the_whole_scope(empty):
    change(HOST_A, "p")
    assert one(since=7) == (1, True, [("p", False)])
    assert one(of_network("n"), since=7) == (0, True, [])


def pages(known, most, meanwhile=lambda: None):
    """[[Part of each scope]] of all pages, with ``meanwhile()`` between two of them."""
    answers, asked, after = [], known, {}
    while asked:
        answers.append(ask(asked, after, most))
        assert sum(len(each.resources) for each in answers[-1]) <= most
        after = {each.scope: each.revision for each in answers[-1] if each.more}
        asked = {scope: known[scope] for scope in after}
        meanwhile()
    return answers


def test_pages_together_have_everything_once(empty):
    for number in range(5):
        change(HOST_A, f"p{number}", f"q{number}")
    found = [part for part, in pages({HOST_A: 0}, 3)]
    assert [len(each.resources) for each in found] == [3, 3, 3, 1] and all(each.whole for each in found)
    assert sorted(key for each in found for _, key, _ in each.resources) == sorted(
        f"{x}{n}" for x in "pq" for n in range(5))
    assert (found[-1].revision, found[-1].more) == (5, False)


def test_a_page_ends_within_a_revision_that_is_larger(empty):
    change(HOST_A, *map(str, range(7)))
    change(HOST_A, "last")
    found = [part for part, in pages({HOST_A: 0}, 3)]
    assert [[key for _, key, _ in each.resources] for each in found] == [
        ["0", "1", "2"], ["3", "4", "5"], ["6", "last"]]
    assert (found[-1].revision, found[-1].more) == (2, False)


@pytest.mark.slow
@pytest.mark.parametrize("since", [0, 1])
def test_nothing_is_missing_in_pages_of_one_revision_that_is_changed_meanwhile(empty, since):
    """Whatever changes between two pages, a consumer that applies them all has what is there in the end."""
    draw = random.Random(since)
    for _ in range(30):
        change(HOST_A, "first")
        known, _, _ = one()
        ids = [f"{number:02}" for number in range(20)]
        with db.writer() as session:
            desired_state.changed(session, HOST_A, PORT, [*ids[:14], "first"])
            desired_state.gone(session, HOST_A, PORT, ids[14:])
        expected = set(ids[:14]) | {"first"}

        def meanwhile(ids=ids, expected=expected):
            some = draw.sample(ids, draw.randrange(1, 4))
            if draw.random() < 0.3:
                remove(HOST_A, *some)
                expected -= set(some)
            elif draw.random() < 0.5:
                change(HOST_A, *some)
                expected |= set(some)
        has = set(ids) | {"first"} if since else set()      # it may have what is gone by now
        for part, in pages({HOST_A: known if since else 0}, draw.randrange(2, 7), meanwhile):
            gone = {key for _, key, is_gone in part.resources if is_gone}
            has = (has | {key for _, key, _ in part.resources}) - gone
        last, = ask({HOST_A: part.revision})        # what came after the last page
        has = (has | {key for _, key, _ in last.resources}) - {key for _, key, is_gone in last.resources if is_gone}
        assert has == expected
        remove(HOST_A, *ids)


def test_a_comparison_of_many_large_scopes_reads_a_page_at_a_time(empty):
    scopes = [of_network(f"{number:02}") for number in range(12)]
    for each in scopes:
        change(each, *(f"{each}-{number}" for number in range(10)))
    with counted(db.session.engine()) as seen:
        answers = pages(dict.fromkeys(scopes, 0), 25)
    read = [each for each in seen if "FROM scope_rows" in each and "count(" not in each]
    assert len(read) <= 2 * len(answers) and all("LIMIT" in each for each in read)
    found = {}
    for part in (part for answer in answers for part in answer):
        found.setdefault(part.scope, []).extend(key for _, key, _ in part.resources)
    assert found == {each: sorted(f"{each}-{number}" for number in range(10)) for each in scopes}
    assert len(answers) == 5


def test_scopes_of_which_different_things_are_asked_share_a_page(empty):
    for number in range(4):
        for scope in (HOST_A, HOST_B, of_network("n")):
            change(scope, f"{number}", f"{number}x")
    known = {HOST_A: 0, HOST_B: 2, of_network("n"): 1}
    found = {}
    for part in (part for answer in pages(known, 3) for part in answer):
        found.setdefault(part.scope, []).extend(key for _, key, _ in part.resources)
        if not part.more:
            assert part.revision == 4
    assert found == {scope: [f"{number}{x}" for number in range(since, 4) for x in ("", "x")]
                     for scope, since in known.items()}


def test_a_place_within_a_revision_is_no_revision_and_fits_the_wire():
    for revision, left in ((1, 1), (1 << 39, (1 << 22) - 1)):
        place = desired_state._place(revision, left)
        assert desired_state._read(place) == (revision, left) and revision < place <= integers.MOST_BIG
    assert desired_state._place(7, 0) == 7 and desired_state._read(7) == (7, 0)


def test_a_resource_removed_between_two_pages_is_a_tombstone_in_a_later_one(empty):
    for number in range(4):
        change(HOST_A, f"p{number}")
    first, = ask({HOST_A: 0}, most=2)
    remove(HOST_A, "p0")
    second, = ask({HOST_A: 0}, {HOST_A: first.revision}, most=9)
    assert [each[1:] for each in second.resources] == [("p2", False), ("p3", False), ("p0", True)]


def test_a_full_page_leaves_other_scopes_for_the_next(empty):
    change(HOST_A, "p", "q")
    change(HOST_B, "r")
    first, second = ask({HOST_A: 0, HOST_B: 0}, most=2)
    assert (first.more, len(first.resources), second.more, second.resources) == (False, 2, True, [])
    last, = ask({HOST_B: 0}, {HOST_B: second.revision}, most=2)
    assert (last.more, [each[1] for each in last.resources]) == (False, ["r"])


def test_changes_of_many_scopes_are_read_in_one_statement(empty):
    scopes = [of_network(str(number)) for number in range(20)]
    for each in scopes:
        change(each, "n")
    with counted(db.session.engine()) as seen:
        assert len(ask(dict.fromkeys(scopes, 0))) == 20
    assert len(seen) == 2


def test_a_changed_scope_costs_two_statements_at_commit(empty):
    change()
    with counted(db.session.engine()) as seen:
        change(HOST_A, "p", "q")
    assert [each.split()[:3] for each in seen] == [["INSERT", "INTO", "scopes"], ["INSERT", "INTO", "scope_rows"]]


def test_scopes_are_locked_last_and_in_order_of_their_names(empty):
    seen = []
    with db.writer() as session:
        sa.event.listen(session.connection(), "before_cursor_execute",
                        lambda _c, _k, statement, given, _x, _m: seen.append((statement.split()[2], given)))
        for each in (HOST_B, HOST_A):
            desired_state.changed(session, each, PORT, ["p", "q"])
        session.execute(sa.select(Applied.consumer))
        assert len(seen) == 1, "nothing is written before the commit"
    assert [(table, given[0] if table == "scopes" else given[0][0]) for table, given in seen[1:]] == [
        ("scopes", HOST_A), ("scopes", HOST_B), ("scope_rows", HOST_A)]


# ---- what is in force

def stale(consumer="a"):
    with db.reader() as session:
        return desired_state.stale(session, consumer)


def report(consumer="a", **applied):
    with db.writer() as session:
        desired_state.report(session, consumer, {HOST_A if key == "host" else of_network(key): value
                                                 for key, value in applied.items()})


def test_a_scope_is_stale_while_another_revision_is_in_force(empty):
    change(HOST_A, "p")
    assert stale() == [], "nobody follows it"
    report(host=(0, None))
    assert stale() == [HOST_A]
    report(host=(1, None), n=(0, "broken"))
    assert stale() == []
    change(of_network("n"), "n")
    assert stale() == [of_network("n")]
    report(n=None)
    assert stale() == [] and stale("b") == []


def test_a_reported_revision_is_kept_with_its_error(empty):
    report(host=(3, None))
    report(host=(3, "no space"))
    with db.reader() as session:
        row, = session.execute(sa.select(Applied.__table__)).all()
    assert (row.consumer, row.scope, row.revision, row.error) == ("a", HOST_A, 3, "no space")


# ---- purging

def age(days=2):
    with db.writer() as session:
        session.execute(sa.update(ScopeRow).where(ScopeRow.gone_at.is_not(None)).values(
            gone_at=now() - datetime.timedelta(days=days)))


def purge(most=100):
    with db.writer() as session:
        return desired_state.purge(session, most)


def test_tombstones_are_purged_after_a_day_and_older_consumers_get_the_whole_scope(empty):
    change(HOST_A, "p", "q")
    remove(HOST_A, "p")
    assert purge() == 0
    age()
    change(HOST_A, "r")
    assert (purge(), purge()) == (1, 0)
    assert one(since=1) == (3, True, [("q", False), ("r", False)])
    assert one(since=2) == (3, False, [("r", False)])


def test_a_network_goes_with_its_tombstone_and_a_host_stays(empty):
    network = of_network("n")
    change(network, "n")
    remove(network, "n")
    change(HOST_A, "p")
    remove(HOST_A, "p")
    age()
    assert purge() == 2
    with db.reader() as session:
        assert list(session.scalars(sa.select(Scope.scope))) == [HOST_A]
    assert one() == (2, True, [])


def test_what_consumers_have_of_a_purged_network_goes_with_it(empty):
    network = of_network("n")
    change(network, "n")
    report(host=(0, None), n=(1, None))
    remove(network, "n")
    age()
    purge()
    with db.reader() as session:
        assert list(session.scalars(sa.select(Applied.scope))) == [HOST_A]


def test_a_consumer_that_is_no_more_has_applied_nothing(empty):
    report(host=(0, None))
    report("b", host=(0, None))
    with db.writer() as session:
        desired_state.forget(session, "a")
    with db.reader() as session:
        assert list(session.scalars(sa.select(Applied.consumer))) == ["b"]


def test_what_was_in_force_at_hosts_that_are_no_more_goes_after_a_day(empty):
    with db.writer() as session:
        session.add(ComputeNode(host="a", hypervisor_hostname="a", hypervisor_type="fake", hypervisor_version=1,
                                host_ip="192.0.2.1", vcpus=8, memory_mb=8192, disk_gb=100))
        for host, days in (("a", 2), ("b", 2), ("c", 0)):
            desired_state.report(session, host, {of_host(host): (1, None), of_network("n"): (1, None)})
            session.execute(sa.update(Applied).where(Applied.consumer == host).values(
                reported_at=now() - datetime.timedelta(days=days)))
    with db.writer() as session:
        assert desired_state.forget_unknown(session, 10) == 2
        assert desired_state.forget_unknown(session, 10) == 0
        assert set(session.scalars(sa.select(Applied.consumer))) == {"a", "c"}
