"""A check that a request makes in the first transaction in which it writes, before anything is written."""

import contextlib
import contextvars

_pending = contextvars.ContextVar("write_check", default=())    # a green thread has a context of its own


@contextlib.contextmanager
def during(check):
    """Until the block ends, ``check(session)`` is called once, by the first writer; None: there is nothing to check."""
    token = _pending.set([check] if check else ())
    try:
        yield
    finally:
        _pending.reset(token)


def run(session):
    """Call the check that is pending, if any, with a session that is about to write.

    It is called once: what undoes or records a refusal afterwards must not be refused, too.
    """
    pending = _pending.get()
    if pending:
        pending.pop()(session)
