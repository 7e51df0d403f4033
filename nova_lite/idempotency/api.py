"""The facade of remembered answers: a key is claimed, the work done and its answer written in one transaction.

So there is no moment at which a crash leaves work without its answer: either both are there, and a repeat gets the
answer, or neither is, and a repeat does the work.

Where the answer is the outcome of an operation, the operation's id is written instead, and the answer when it is known;
a repeat that comes between waits for that same operation.  An id is on record before a service that is not embedded is
asked for what the operation needs, so that a repeat adopts what the service made.
"""

import collections
import contextlib
import datetime
import hashlib
import logging

import orjson

from nova_lite import db
from nova_lite.common import crypt, exceptions, policy, unit_of_work
from nova_lite.conf import CONF
from nova_lite.db import idempotency as keys
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)

#: An answer that a client got: ``headers`` are pairs of str, ``body`` is bytes, ``request_id`` the first request's.
Remembered = collections.namedtuple("Remembered", "status headers body content_type request_id")
#: Bytes of a refusal's body that are kept; one that is longer is not kept, and its key is free again.
LONGEST_REFUSAL = 4096


def claim(context, key, fingerprint):
    """Claim ``key`` for the request of ``context``.

    :param fingerprint: up to 64 characters that differ where something else is asked.
    :returns: (Claim, None), or (None, Remembered) of the first answer.
    :raises IdempotencyKeyReused: (422) it was used to ask something else.
    :raises IdempotencyKeyBusy: (409) the first request is still being answered.
    :raises TooManyIdempotencyKeys: (429) the project has as many as it may have.
    :raises PolicyNotAuthorized: (403) it was answered to somebody who was allowed more than this context is.
    """
    mine = Claim(context, key)
    moment = now()
    with db.writer(relaxed=True) as session:
        _check_quota(session, context.project_id, mine.id)
        row, mine.operation_id = keys.claim(session, {
            "id": mine.id, "fingerprint": fingerprint, "project_id": context.project_id,
            "request_id": context.request_id,
            "claimed_until": moment + datetime.timedelta(seconds=CONF.idempotency.claim),
            "expires_at": moment + datetime.timedelta(seconds=CONF.idempotency.window)})
    if row is None:
        return mine, None
    if row.fingerprint != fingerprint:
        raise exceptions.IdempotencyKeyReused
    if row.answer is None:
        raise exceptions.IdempotencyKeyBusy(retry_after=1)
    return None, _opened(context, row)


def _check_quota(session, project_id, key_id):
    most = CONF.idempotency.max_keys
    if most >= 0 and keys.count(session, project_id, most) >= most and not keys.exists(session, key_id):
        raise exceptions.TooManyIdempotencyKeys(most=most, retry_after=60)


class Claim:
    """A key that one request holds."""

    def __init__(self, context, key):
        scope = (context.project_id or "", context.user_id or "", context.domain_id or "", context.system_scope or "",
                 key)
        self.id = hashlib.sha256("\0".join(scope).encode()).hexdigest()
        self.request_id = context.request_id
        self.operation_id = None        # of the operation that was started for the key, or is about to be
        self._decisions = ()

    @contextlib.contextmanager
    def work(self):
        """A block that calls ``keep`` or ``promise`` last.

        Everything that the block writes is committed with the answer, or nothing is.
        :raises IdempotencyKeyBusy: it took so long that a repeat has taken over.
        """
        with policy.recording() as self._decisions, unit_of_work.begin(self.operation_id, self._remember):
            yield

    def keep(self, status, headers, body, content_type):
        """Write the answer, and what the policy allowed for it."""
        sealed = _sealed([status, headers, body.decode(), content_type, self._decisions])
        with db.writer() as session:
            if not keys.answer(session, self.id, self.request_id, sealed):
                raise exceptions.IdempotencyKeyBusy(retry_after=1)

    def promise(self, operation_id):
        """Write that the answer will be the outcome of an operation.  :raises IdempotencyKeyBusy: as ``work``."""
        with db.writer() as session:
            if not keys.promise(session, self.id, self.request_id, operation_id):
                raise exceptions.IdempotencyKeyBusy(retry_after=1)
        self.operation_id = operation_id

    def _remember(self, operation_id):
        with unit_of_work.apart("an idempotency key's operation"):
            self.promise(operation_id)

    def forget(self):
        """Nothing was done, or its operation is on record: a repeat may come.  Where this fails, the claim runs out by
        itself.
        """
        try:
            with db.writer(relaxed=True) as session:
                keys.forget(session, self.id, self.request_id)
        except Exception:
            LOG.exception("An idempotency key stays claimed for %s s", CONF.idempotency.claim)


def _sealed(kept):
    """Answers hold what nobody may read at rest: first passwords, private keys."""
    return crypt.seal(orjson.dumps(kept, default=str).decode())


def _opened(context, row):
    """The answer in ``row``, if all that the policy allowed for it is allowed to ``context`` too.

    The first to ask may have lost a role since, the policy may have changed, or another token of the same user asks.
    """
    status, headers, body, content_type, decisions = orjson.loads(crypt.unseal(row.answer))
    for rule, target in decisions:
        policy.authorize(context, rule, target)
    return Remembered(status, [tuple(pair) for pair in headers], body.encode(), content_type, row.request_id)
