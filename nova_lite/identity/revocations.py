"""Which tokens a change of identity voids, and which must look up their roles anew.

Changes are compared with tokens by revision.  They are kept in memory: those that other processes made are fetched once
a second, and before the next request where a process of this machine says that it made one.
"""

import contextlib
import datetime
import threading
import time

from oslo_log import log as logging

from nova_lite import db
from nova_lite.common import clock
from nova_lite.conf import CONF
from nova_lite.db import identity_revisions as queries
from nova_lite.identity.exceptions import RevocationsUnknown
from nova_lite.identity.generation import Generation

LOG = logging.getLogger(__name__)

_FETCH_EVERY = 1.0      # seconds
_TRUSTED = 30.0         # seconds for which what is known is good where nothing can be fetched
_LONGEST_TTL = 86400    # seconds that a token may live at least: the option may have been larger in the past
_SPARE = 7 * 86400      # seconds that a revocation is kept longer, for clocks that go wrong


class Change:
    """One transaction that changes identity; ``session`` is its writer.

    Older tokens with a key of ``void`` open nothing any more; those with a key of ``refresh`` look up their roles.
    """

    def __init__(self, session):
        self.session = session
        self.revision = queries.take(session)
        self.void, self.refresh = set(), set()

    def record(self):
        """Write what it means for tokens; returns (key, revision, void) of each."""
        moment = _now()
        expires = moment + max(CONF.identity.token_ttl, _LONGEST_TTL) + _SPARE
        queries.record(self.session, self.revision, self.void, self.refresh, moment, expires)
        return [(key, self.revision, kind) for kind, keys in ((True, self.void), (False, self.refresh))
                for key in keys]


class Revocations:
    """``change()`` is how everything of identity is written; ``covers`` and ``outdated`` validate tokens."""

    def __init__(self):
        self._void, self._refresh = {}, {}      # key -> revision of the last change that names it
        self._floor = 0                         # tokens that are older are void
        self.era = 0                            # how often the database was found to be an earlier state of itself
        self._known = 0                         # revision up to which all changes are known
        self._fetched = None                    # when they were last fetched or tried to be, monotonic
        self._known_at = None                   # when they were last fetched, monotonic
        self._generation = None                 # the number in shared memory then
        self._shared = Generation()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def change(self):
        """A Change; committed when the block ends.

        It is in force on this machine at once, on others within a second.
        """
        with db.writer() as session:
            made = Change(session)
            yield made
            rows = made.record()
            db.afterwards(session, lambda: self._announce(made.revision, rows))

    def refresh(self):
        """Fetch what has changed where that may be; the revision up to which all changes are known.

        :raises RevocationsUnknown: nothing could be fetched for half a minute.
        """
        self._fetch()
        if time.monotonic() - self._known_at > _TRUSTED:
            raise RevocationsUnknown(seconds=int(_TRUSTED))
        return self._known

    def covers(self, token):
        """Whether ``token`` is void, as far as is known."""
        if token.revision > self._known:
            self._catch_up(token.revision)
        if not self._floor <= token.revision <= self._known:
            return True
        return bool(self._void) and _newer(self._void, token.keys, token.revision)

    def outdated(self, token, revision):
        """Whether roles of ``token`` that were looked up at ``revision`` may be others by now."""
        return bool(self._refresh) and _newer(self._refresh, token.keys, revision)

    def _announce(self, revision, rows):
        self._apply(rows)
        self._shared.write(revision)

    def _apply(self, rows):
        for key, revision, void in rows:
            known = self._void if void else self._refresh
            if known.get(key, -1) < revision:
                known[key] = revision

    def _fetch(self):
        generation = self._shared.read()
        if self._fresh(generation):
            return
        # While one thread fetches because a second is over, others go on with what is known, unless that is too old.
        waits = (self._known_at is None or generation != self._generation
                 or time.monotonic() - self._known_at > 2 * _FETCH_EVERY)
        if not self._lock.acquire(blocking=waits):
            return
        try:
            if not self._fresh(generation):
                self._try_to_read(generation)
        finally:
            self._lock.release()

    def _fresh(self, generation):
        return (self._fetched is not None and generation == self._generation
                and time.monotonic() - self._fetched < _FETCH_EVERY)

    def _try_to_read(self, generation):
        try:
            self._read()
        except Exception:
            if self._known_at is None:
                raise                   # nothing is known yet: better no answer than a wrong one
            LOG.exception("revocations could not be fetched; those known stay in force")
        self._fetched, self._generation = time.monotonic(), generation

    def _catch_up(self, revision):
        """Another machine made a token after a change that is not known here yet: fetch it."""
        with self._lock:
            if revision > self._known:
                self._read()

    def _read(self):
        asked_at = time.monotonic()
        with db.reader() as session:
            number, floor, rows = queries.since(session, self._known)
            if number < self._known:    # the database is an earlier state of itself
                self._void, self._refresh, self.era = {}, {}, self.era + 1
                number, floor, rows = queries.since(session, 0)
        self._apply(rows)
        if floor != self._floor:
            self._void = {key: each for key, each in list(self._void.items()) if each > floor}
            self._refresh = {key: each for key, each in list(self._refresh.items()) if each > floor}
        self._floor, self._known, self._known_at = floor, number, asked_at


def _newer(known, keys, revision):
    return any(key in known and revision < known[key] for key in keys)


def _now():
    """Seconds since the epoch, by the database server's clock where there is one."""
    moment = clock.steady()
    return time.time() if moment is None else moment.replace(tzinfo=datetime.UTC).timestamp()
