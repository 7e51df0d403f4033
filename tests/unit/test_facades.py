"""Facades take no database session: what they write joins the transaction that their caller has open."""

import inspect

import pytest

from nova_lite import db
from nova_lite.cmd.facades import Facades
from nova_lite.common import rpc, unit_of_work
from nova_lite.common.context import RequestContext
from nova_lite.db import drifts


def public_methods(thing, path, seen):
    """(dotted name, method) of an object of this project and of those that it shows."""
    if id(thing) in seen or not type(thing).__module__.startswith("nova_lite."):
        return
    seen.add(id(thing))
    for name in dir(thing):
        value = None if name.startswith("_") else getattr(thing, name)
        if inspect.isroutine(value):
            yield f"{path}.{name}", value
        elif value is not None:
            yield from public_methods(value, f"{path}.{name}", seen)


def test_no_method_of_a_facade_takes_a_session(database):
    methods = dict(public_methods(Facades(), "facades", set()))
    assert {"facades.network.attachments.attach", "facades.network.allocate", "facades.image.discard",
            "facades.identity.users.list", "facades.compute.build.create"} <= set(methods)
    wrong = [name for name, method in methods.items() if {"session", "s"} & set(inspect.signature(method).parameters)]
    assert not wrong


def add(number):
    with db.writer() as session:
        drifts.add(session, "things", "", number)


def total():
    with db.reader() as session:
        return sum(value for name, _, value in drifts.counters(session) if name == "things")


@pytest.mark.parametrize("begin", [db.writer, unit_of_work.begin])
def test_a_writer_within_a_transaction_is_undone_with_it(database, begin):
    with pytest.raises(ZeroDivisionError), begin():
        add(1)
        assert total() == 1
        raise ZeroDivisionError
    assert total() == 0
    with begin():
        add(1)
    assert total() == 1


def test_a_reader_within_a_transaction_sees_what_it_wrote(database):
    with db.writer() as outer:
        with db.reader() as inner:
            assert inner is outer
    with db.reader() as outer, db.reader() as inner:
        assert inner is outer
    with db.snapshot() as outer, db.reader() as inner:
        assert inner is outer


def test_a_writer_within_a_reader_has_a_transaction_of_its_own(database):
    with db.reader() as outer, db.writer() as inner:
        assert inner is not outer


def test_a_durable_transaction_within_a_relaxed_one_is_refused(database):
    with db.writer(relaxed=True), db.writer(relaxed=True):
        pass
    with db.writer(), db.writer(relaxed=True):
        pass
    with db.writer(relaxed=True), pytest.raises(RuntimeError, match="power cut"):
        db.writer()


@pytest.mark.parametrize("begin", [db.writer, db.reader, db.snapshot])
def test_waiting_for_another_process_within_a_transaction_is_refused(database, begin):
    unit_of_work.check_outside("asking")
    with begin(), pytest.raises(RuntimeError, match="asking is called within a transaction"):
        unit_of_work.check_outside("asking")
    unit_of_work.check_outside("asking")


def test_waiting_for_another_process_within_a_unit_that_has_written_is_refused(database):
    with unit_of_work.begin():
        unit_of_work.check_outside("asking")
        add(1)
        with pytest.raises(RuntimeError):
            unit_of_work.check_outside("asking")


def test_a_call_over_the_bus_is_refused_within_a_transaction(database):
    rpc.init("local://")
    try:
        with db.writer(), pytest.raises(RuntimeError, match="answer is called within"):
            rpc.client("nobody", "1.0").call(RequestContext(), "answer")
    finally:
        rpc.cleanup()
