"""``Idempotency-Key``: a POST that is sent again gets its first answer again, and nothing is done twice.

The key belongs to one user in one project, for ``[idempotency] window`` seconds.  Answers below 500 are kept, short
refusals too.  After a 5xx nothing was done, and the same key begins anew, or goes on with the operation it started;
so it does after a refusal for want of rights, quota or time, which may come.  Whoever repeats must be allowed what was
allowed the first time.
"""

import contextlib
import functools
import hashlib
import re

import orjson

from nova_lite.api.wsgi import answer, faults
from nova_lite.common import exceptions, retry
from nova_lite.idempotency import api as memory

HEADER = "HTTP_IDEMPOTENCY_KEY"
#: Sent with an answer that was given before.
AGAIN = ("Idempotent-Replayed", "true")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_NOT_KEPT = frozenset((401, 403, 413, 429))


def once(req, work):
    """The Answer of ``work()``, or the one that the same key got before.

    :raises BadRequest: the key is empty, too long, or holds what is not printable ASCII.
    :raises IdempotencyKeyReused, IdempotencyKeyBusy: as ``idempotency.api.claim``.
    """
    claiming = functools.partial(memory.claim, req.context, _key(req), _fingerprint(req))
    claim, remembered = retry.while_undone(claiming)
    if remembered is not None:
        req.stands_for(remembered.request_id)
        return answer.Answer(remembered.body or None, remembered.status, [*remembered.headers, AGAIN],
                             content_type=remembered.content_type)
    try:
        made = retry.while_undone(functools.partial(_kept, claim, work), req.parse_anew)
        if isinstance(made, answer.Later):
            made = made.answer()
            _keep_late(claim, _to_keep(made))
        return made
    except Exception as error:          # what was done is undone; the refusal is remembered
        made = faults.answer(error, req)
    kept = _to_keep(made)
    if made.status >= 500 or made.status in _NOT_KEPT or len(kept[2]) > memory.LONGEST_REFUSAL:
        claim.forget()
    else:
        _keep_late(claim, kept)
    return made


def _kept(claim, work):
    """The Answer of ``work()``, written in the transaction that did it; or a Later, whose operation is."""
    with claim.work():
        made = work()
        if isinstance(made, answer.Later):
            claim.promise(made.operation_id)
        else:
            claim.keep(*_to_keep(made))
    return made


def _keep_late(claim, kept):
    with contextlib.suppress(exceptions.IdempotencyKeyBusy):     # another request has the key by now, and answers
        retry.while_undone(functools.partial(claim.keep, *kept))


def _key(req):
    text = req.environ[HEADER].strip()
    if not _KEY.fullmatch(text):
        raise exceptions.BadRequest("Idempotency-Key must have 1 to 255 printable ASCII characters.")
    return text


def _fingerprint(req):
    """What is asked: path, query, microversion and body, however its JSON is spaced."""
    environ = req.environ
    request = (environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""), str(req.version))
    body = orjson.dumps(req.body_json, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256("\0".join(request).encode() + b"\0" + body).hexdigest()


def _to_keep(made):
    body, kind = answer.encode(made)
    return made.status, [*made.headers], body, kind
