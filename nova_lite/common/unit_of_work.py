"""One transaction around a whole request: database work inside joins it, and notifications are sent after its commit.

Outside a unit nothing of this is seen: ``db.writer()`` commits by itself and a cast is sent at once.
"""

import contextlib
import contextvars

_current = contextvars.ContextVar("unit_of_work", default=None)     # a green thread has a context of its own
_transaction = contextvars.ContextVar("transaction", default=None)


def current():
    """The Unit that this thread works in, or None."""
    return _current.get()


def transaction():
    """The session of the transaction that this thread has open, the innermost; None."""
    return _transaction.get()


@contextlib.contextmanager
def within(session):
    """``transaction()`` is ``session`` for one block."""
    token = _transaction.set(session)
    try:
        yield session
    finally:
        _transaction.reset(token)


def check_outside(what):
    """Refuse to wait for another process while a transaction is open: it would hold its locks as long, and what is
    asked could need one of them, or be done although the transaction is undone.

    :param what: what is about to be asked, for the message.
    :raises RuntimeError: a transaction, or a unit of work that has written, is open.
    """
    unit = current()
    if transaction() is not None or (unit is not None and unit.session is not None):
        raise RuntimeError(f"{what} is called within a transaction that its answer may need")


@contextlib.contextmanager
def apart(what):
    """What is done inside is no part of the unit that is under way, and committed by itself.

    :param what: it, for the message.
    :raises RuntimeError: a transaction, or a unit of work that has written, is open.
    """
    check_outside(what)
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


class Unit:
    """:ivar session: the one session; None until the first writer of the unit asks for it.

    :ivar operation_id: of the operation that was started for the same request before, or was about to be, and whose
        outcome nobody had; None: there is none.
    :ivar remember: callable(operation id) that makes this the one for who asks again, committed by itself.
    """

    def __init__(self, operation_id=None, remember=None):
        self.session = None
        self.operation_id = operation_id
        self.remember = remember or (lambda _operation_id: None)
        self._stack = contextlib.ExitStack()
        self._depth = 0
        self._afterwards = []

    @contextlib.contextmanager
    def joined(self, opened=None):
        """The unit's session for one block; ``opened`` makes its transaction at first use.

        The block alone is undone when it raises.  What it loaded is let go at its end, as a session of its own
        would have: a later block reads anew.
        """
        if self.session is None:
            self.session = self._stack.enter_context(opened())
        self._depth += 1
        try:
            with self.session.begin_nested(), within(self.session):
                yield self.session
        finally:
            self._depth -= 1
            if not self._depth:
                self.session.expunge_all()

    def afterwards(self, act):
        """Call ``act()`` when everything is committed; never, if it is not."""
        self._afterwards.append(act)

    def notify(self):
        for act in self._afterwards:
            act()


def afterwards(act):
    """Call ``act()`` when the unit of work is committed; now, where there is none."""
    unit = current()
    if unit is None:
        act()
    else:
        unit.afterwards(act)


def together():
    """As ``begin``, but within the unit that is under way where there is one: committed or undone with that."""
    unit = current()
    return begin() if unit is None else contextlib.nullcontext(unit)


@contextlib.contextmanager
def begin(operation_id=None, remember=None):
    """Work in a Unit: committed when the block ends, undone when it raises.

    :param operation_id, remember: as the Unit's.
    """
    unit = Unit(operation_id, remember)
    token = _current.set(unit)
    try:
        with unit._stack:
            yield unit
    finally:
        _current.reset(token)
    unit.notify()
