"""One transaction around a whole request: database work inside joins it, and doorbells ring after its commit.

Outside a unit nothing of this is seen: ``db.writer()`` commits by itself and a cast is sent at once.
"""

import contextlib
import contextvars

_current = contextvars.ContextVar("unit_of_work", default=None)     # a green thread has a context of its own


def current():
    """The Unit that this thread works in, or None."""
    return _current.get()


class Unit:
    """:ivar session: the one session; None until the first writer of the unit asks for it."""

    def __init__(self):
        self.session = None
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
            with self.session.begin_nested():
                yield self.session
        finally:
            self._depth -= 1
            if not self._depth:
                self.session.expunge_all()

    def afterwards(self, act):
        """Call ``act()`` when everything is committed; never, if it is not."""
        self._afterwards.append(act)

    def ring(self):
        for act in self._afterwards:
            act()


def together():
    """As ``begin``, but within the unit that is under way where there is one: committed or undone with that."""
    unit = current()
    return begin() if unit is None else contextlib.nullcontext(unit)


@contextlib.contextmanager
def begin():
    """Work in a Unit: committed when the block ends, undone when it raises."""
    unit = Unit()
    token = _current.set(unit)
    try:
        with unit._stack:
            yield unit
    finally:
        _current.reset(token)
    unit.ring()
