"""One transaction a request, watched in every API test: an answer of success commits at most once, a refusal never.

So there is no moment at which a crash leaves half of a change.  Nor does a request commit and then ask another service
and wait.  ``LISTED`` names the routes that need more, and why no
crash between can hurt.
"""

import collections
import contextlib
import contextvars

import pytest

from nova_lite.api.wsgi import answer, service
from nova_lite.common import exceptions, rpc
from nova_lite.db import session

#: Route -> (transactions, why that is safe).
LISTED = {
    "PUT /images/{id}/file": (3, "saving, active, and queued again when that failed; what died between is found "
                                 "by the lock that it does not hold any more (recover of the image facade)"),
    "POST /os-server-external-events": (2, "the events are on record; what servers show of their networks is asked of "
                                           "the service outside of a transaction, and again by the next event"),
    "POST /servers/{server_id}/os-interface": (1, "it waits for the host; what that could not do the conductor undoes, "
                                                  "and what it does late is done"),
}
_commits = contextvars.ContextVar("commits", default=None)
#: {route: statuses that the tests of this run were answered with}.
seen = collections.defaultdict(set)


@pytest.fixture(autouse=True)
def one_transaction_each(monkeypatch):
    """Every request of a test is watched; what broke the rule fails the test at its end."""
    broken = []
    _count_commits(monkeypatch)
    _watch_calls(monkeypatch, broken)
    _watch_controllers(monkeypatch, broken)
    yield broken
    assert not broken, "\n".join(broken)


def _count_commits(monkeypatch):
    write = session._writer

    @contextlib.contextmanager
    def counted(relaxed=False):
        with write(relaxed) as opened:
            yield opened
        commits = _commits.get()
        if commits is not None and not relaxed:
            commits.append(1)

    monkeypatch.setattr(session, "_writer", counted)


def _watch_calls(monkeypatch, broken):
    """A question to another service after the commit: half is done when nobody answers, and within the one transaction
    of a request with an Idempotency-Key it cannot be asked."""
    call = rpc.Client.call

    def watched(client, context, method, /, **arguments):
        if _commits.get():
            broken.append(f"{context.route} commits, and then waits for the answer to {method}")
        return call(client, context, method, **arguments)

    monkeypatch.setattr(rpc.Client, "call", watched)


def _watch_controllers(monkeypatch, broken):
    controlled = service.Service._controlled

    def watched(req, plan, arguments):
        return controlled(req, _Watched(plan, broken), arguments)

    monkeypatch.setattr(service.Service, "_controlled", staticmethod(watched))


class _Watched:
    """A routing.Plan whose method is watched."""

    def __init__(self, plan, broken):
        self.route, self.public, self.stream = plan.route, plan.public, plan.stream
        self.method = _checked(plan.route, plan.method, broken)


def _checked(route, method, broken):
    def checked(*args, **arguments):
        commits = []
        token = _commits.set(commits)
        status = 500
        try:
            made = method(*args, **arguments)
            known = answer.of(made)
            status = 200 if isinstance(known, answer.Later) else known.status      # what is late changes nothing more
            return made
        except exceptions.NovaLiteError as error:
            status = error.status
            raise
        finally:
            _commits.reset(token)
            seen[route].add(status)
            allowed = LISTED.get(route, (1, ""))[0] if status < 400 or route in LISTED else 0
            if len(commits) > allowed:
                broken.append(f"{route} answered {status} and committed {len(commits)} times; at most {allowed} is "
                              f"allowed (tests/transactions.py)")
    return checked
