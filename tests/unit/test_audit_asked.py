"""Looks that somebody waits for: in which order they are given out, and when again."""

import datetime

from nova_lite import db
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import drifts
from nova_lite.db.base import now
from nova_lite.db.models.audit import Look
from nova_lite.db.models.servers import Server
from tests.clouds import until
from tests.unit.test_audit import HOST, change, look, network, server  # noqa: F401


class Hosts:
    """The hosts as the conductor asks them to look.

    :ivar asked: [(host, servers without drift in the database at that moment)]
    """

    def __init__(self, network):  # noqa: F811
        self._network = network
        self.asked = []

    def audit(self, _context, host, asked):
        datetime.datetime.fromisoformat(asked)
        self.asked.append((host, look(self._network, repair=False)))


def ask(*parts):
    with db.writer() as session:
        drifts.ask(session, parts)


def unanswered():
    with db.reader() as session:
        return drifts.unanswered(session, {drifts.DATABASE, HOST})


def test_hosts_are_asked_to_look_when_the_database_is_in_order(network, server):  # noqa: F811
    """What a host lacks is given to it from the database, which may be wrong itself."""
    change(Server, Server.id == server.id, addresses=[])
    ask(drifts.DATABASE, HOST)
    hosts = Hosts(network)
    Auditor(network, compute_rpc=hosts).look_if_asked()
    until("the host is asked", lambda: hosts.asked)
    assert hosts.asked == [(HOST, {})] and unanswered() == {HOST}


def test_hosts_are_asked_to_look_where_the_look_at_the_database_fails(network, server, monkeypatch):  # noqa: F811
    ask(drifts.DATABASE, HOST)
    hosts, auditor = Hosts(network), Auditor(network)
    auditor._compute = hosts
    monkeypatch.setattr(auditor, "examine_all", lambda: 1 / 0)
    auditor.look_if_asked()
    until("the host is asked", lambda: hosts.asked)
    assert unanswered() == {drifts.DATABASE, HOST}


def test_a_look_that_nobody_answered_is_given_out_again(network, server):  # noqa: F811
    ask(drifts.DATABASE, HOST)

    def taken():
        with db.writer() as session:
            return [part for part, _ in drifts.take_asked(session)]
    assert taken() == [drifts.DATABASE, HOST] and taken() == []
    change(Look, Look.part == HOST, taken_at=now() - datetime.timedelta(minutes=1))
    assert taken() == [HOST] and taken() == []
    ask(HOST)
    assert taken() == [HOST]
