"""What was revoked, kept in memory; other processes' revocations are fetched at most once a second."""

import threading
import time

from oslo_log import log as logging

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import identity as queries

LOG = logging.getLogger(__name__)

_FETCH_EVERY = 1.0      # seconds
_OVERLAP = 120.0        # seconds fetched again, for clocks that differ and commits that come late
_LONGEST_TTL = 86400    # seconds a revocation is kept at least: the token's life may have been longer in the past


class Revocations:
    """``revoke(keys)`` voids every token that has one of them and was issued until now."""

    def __init__(self):
        self._before = {}               # key -> (issued up to, kept until), epoch seconds
        self._fetched = None            # monotonic
        self._since = 0.0
        self._lock = threading.Lock()

    def revoke(self, session, keys):
        """Record it in the caller's transaction; call ``applied`` with what this returns once that has committed."""
        keys = tuple(keys)
        moment = time.time()
        kept = moment + max(CONF.identity.token_ttl, _LONGEST_TTL)
        if keys:
            queries.revoke(session, keys, moment, kept)
        return [(key, moment, kept) for key in keys]

    def applied(self, rows):
        """Make revocations count in this process at once."""
        for key, before, kept in rows:
            known = self._before.get(key)
            if known is None or known[0] < before:
                self._before[key] = (before, kept)

    def covers(self, token):
        """Whether ``token`` is void."""
        self._fetch()
        if not self._before:
            return False
        return any(key in self._before and token.issued <= self._before[key][0] for key in token.keys)

    def _fetch(self):
        if self._fetched is not None and time.monotonic() - self._fetched < _FETCH_EVERY:
            return
        if not self._lock.acquire(blocking=self._fetched is None):
            return                      # somebody is at it; what is known is a second old
        try:
            self._read()
        finally:
            self._lock.release()

    def _read(self):
        started = time.time()
        try:
            with db.reader() as session:
                rows = queries.revoked(session, self._since)
        except Exception:
            if self._fetched is None:
                raise                   # nothing is known yet: better no answer than a wrong one
            LOG.exception("revocations could not be fetched; those known stay in force")
        else:
            self.applied(rows)
            self._since = started - _OVERLAP
            self._before = {key: row for key, row in self._before.items() if row[1] > started}
        self._fetched = time.monotonic()
