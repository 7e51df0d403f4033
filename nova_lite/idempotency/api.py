"""The door to remembered answers: a key is claimed, the work done and its answer written in one transaction.

So there is no moment at which a crash leaves work without its answer: either both are there, and a repeat gets the
answer, or neither is, and a repeat does the work.
"""

import collections
import contextlib
import datetime
import hashlib
import logging

import orjson

from nova_lite import db
from nova_lite.common import crypt, exception, unit_of_work
from nova_lite.conf import CONF
from nova_lite.db import idempotency as keys
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)

#: What a client was told: ``headers`` are pairs of str, ``body`` is bytes, ``request_id`` the first request's.
Remembered = collections.namedtuple("Remembered", "status headers body content_type request_id")


def claim(context, key, fingerprint):
    """Claim ``key`` for the request of ``context``.

    :param fingerprint: up to 64 characters that differ where something else is asked.
    :returns: (Claim, None), or (None, Remembered) of the first answer.
    :raises IdempotencyKeyReused: (422) it was used to ask something else.
    :raises IdempotencyKeyBusy: (409) the first request is still being answered.
    """
    mine = Claim(context, key)
    moment = now()
    with db.writer(relaxed=True) as session:
        row = keys.claim(session, {
            "id": mine.id, "fingerprint": fingerprint, "project_id": context.project_id,
            "request_id": context.request_id,
            "claimed_until": moment + datetime.timedelta(seconds=CONF.idempotency.claim),
            "expires_at": moment + datetime.timedelta(seconds=CONF.idempotency.window)})
    if row is None:
        return mine, None
    if row.fingerprint != fingerprint:
        raise exception.IdempotencyKeyReused
    if row.answer is None:
        raise exception.IdempotencyKeyBusy(retry_after=1)
    return None, _opened(row)


class Claim:
    """A key that one request holds."""

    def __init__(self, context, key):
        scope = "\0".join((context.project_id or "", context.user_id or "", key))
        self.id = hashlib.sha256(scope.encode()).hexdigest()
        self.request_id = context.request_id

    @contextlib.contextmanager
    def work(self):
        """Yields ``keep(status, headers, body, content_type)``, to be called last in the block.

        Everything that the block writes is committed with the answer, or nothing is.
        :raises IdempotencyKeyBusy: it took so long that a repeat has taken over.
        """
        with unit_of_work.begin():
            yield self.keep

    def keep(self, status, headers, body, content_type):
        """Write the answer."""
        with db.writer() as session:
            if not keys.answer(session, self.id, self.request_id, _sealed(status, headers, body, content_type)):
                raise exception.IdempotencyKeyBusy(retry_after=1)

    def forget(self):
        """Nothing was done: a repeat is as good as the first.  Where this fails, the claim runs out by itself."""
        try:
            with db.writer(relaxed=True) as session:
                keys.forget(session, self.id, self.request_id)
        except Exception:
            LOG.exception("An idempotency key stays claimed for %s s", CONF.idempotency.claim)


def _sealed(status, headers, body, content_type):
    """Answers hold what nobody may read at rest: first passwords, private keys."""
    return crypt.seal(orjson.dumps([status, headers, body.decode(), content_type]).decode())


def _opened(row):
    status, headers, body, content_type = orjson.loads(crypt.unseal(row.answer))
    return Remembered(status, [tuple(pair) for pair in headers], body.encode(), content_type, row.request_id)
