"""Limits how fast passwords can be guessed, without locking users out.

Wrong passwords are counted for a user from one address, for a user from anywhere, and for an address.  Each count
allows some at once and then one per interval; when it is full, a password is refused like a wrong one without being
compared.  For a user who has logged in from an address before only the first count holds there, so that an attacker
elsewhere, or behind the same proxy, does not keep the user out.

The counts are in the database, because several processes answer.  Comparisons under way are counted in the process, so
that many at once are allowed no more than one after the other.
"""

import collections
import contextlib
import datetime
import hashlib
import ipaddress
import threading
import time

from nova_lite import db
from nova_lite.common import concurrency
from nova_lite.common.names import folded
from nova_lite.conf import CONF
from nova_lite.db import base, login_attempts

_WIDER = 10             # so many times the failures of one user from one address are free for a user, and an address
_KNOWN = 30 * 86400     # seconds an address is remembered as a user's own
_RENEWED = 86400        # seconds after which that is written again
_USUAL = 0.25           # seconds that a wrong password is taken to cost until the first one is measured
_LONGEST = 2.0          # seconds that one that is not compared takes at most: it holds a connection, nothing else
_PURGE_EVERY = 60.0     # seconds


class Attempts:
    """Compares passwords within the limits.

    :ivar seconds: how long a wrong password takes, averaged over the last ones.
    """

    def __init__(self, verifier):
        self._verifier = verifier
        self._comparing = collections.Counter()           # key -> passwords that are being compared now
        self._lock = threading.Lock()
        self._purge_at = 0.0                            # epoch seconds
        self.seconds = _USUAL

    def right(self, user, name, password, address):
        """Whether ``password`` is that of ``user``; a wrong one, an unknown user and a full count take the same time.

        :param user: the Row, None where there is no such user.
        :param name: what the client called the user: an id, or a domain and a name.
        :param address: of the client, None where it is not known.
        """
        started = time.monotonic()
        keys = _keys(user.id if user else folded(name), address)
        with db.reader() as session:
            known = login_attempts.read(session, [key for key, _ in keys])
        with self._admitted(keys, known, user) as admitted:
            right = admitted and self._verifier.verify(password, user.password_hash if user else None)
            if admitted and not right:
                self._failed(user, keys)
        if not admitted:
            concurrency.sleep(max(0.0, min(self.seconds, _LONGEST) - (time.monotonic() - started)))
        elif right:
            _succeeded(user, keys, known)
        else:
            self.seconds += (time.monotonic() - started - self.seconds) / 8
        return right

    @contextlib.contextmanager
    def _admitted(self, keys, known, user):
        """Yields whether a password may be compared now; it counts as a wrong one while the block lasts."""
        with self._lock:
            admitted = self._within_limits(keys, known) and not (user is not None and locked(user))
            if admitted:
                self._comparing.update(key for key, _ in keys)
        try:
            yield admitted
        finally:
            if admitted:
                with self._lock:
                    self._comparing.subtract(key for key, _ in keys)
                    self._comparing += collections.Counter()      # drops what is zero

    def _within_limits(self, keys, known):
        free, moment = CONF.identity.failed_logins_free, time.time()
        for place, (key, weight) in enumerate(keys):
            forgotten, succeeded = known.get(key, (moment, None))
            ahead = forgotten - moment
            if ahead > _longest():          # the clock was set back since
                ahead = 0.0
            counted = max(0.0, ahead) / weight + self._comparing[key]
            if free and counted > (free if place == 0 else free * _WIDER) - 1:
                return False
            if place == 0 and succeeded is not None and succeeded + _KNOWN > moment:
                return True
        return True

    def _failed(self, user, keys):
        moment = time.time()
        kept = moment + _longest()
        if moment > self._purge_at:
            self._purge_at = moment + _PURGE_EVERY
            with db.writer(relaxed=True) as session:
                login_attempts.purge(session, moment)
        with db.writer(relaxed=True) as session:
            login_attempts.failed(session, dict(keys), moment, kept)
            if user is not None and CONF.security_compliance.lockout_failure_attempts:
                login_attempts.count(session, user.id, anew=_over(user))


def _longest():
    """Seconds after which the most that can be counted for one key is forgotten."""
    return CONF.identity.failed_logins_interval * (CONF.identity.failed_logins_free + 1)


def locked(user):
    """Whether a user is locked out for too many wrong passwords in a row (Keystone's ``lockout_failure_attempts``)."""
    options = CONF.security_compliance
    if not options.lockout_failure_attempts or user.options.get("ignore_lockout_failure_attempts"):
        return False
    if user.failed_auth_count < options.lockout_failure_attempts:
        return False
    ends = user.failed_auth_at + datetime.timedelta(seconds=options.lockout_duration)
    return not options.lockout_duration or ends > base.now()


def _keys(user, address):
    """(key, seconds one failure weighs) for the user from the address, the user, and the address."""
    weight = float(CONF.identity.failed_logins_interval)
    address = _network(address)
    return [(_digest("both", user, address), weight), (_digest("user", user), weight / _WIDER),
            (_digest("address", address), weight / _WIDER)]


def _network(address):
    """An address, of IPv6 its /64: a client that has one address there can use all of them."""
    try:
        made = ipaddress.ip_address(address or "")
    except ValueError:
        return address or "-"
    return address if made.version == 4 else str(ipaddress.ip_network((made, 64), strict=False))


def _digest(*parts):
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _over(user):
    """Whether a lockout has ended by itself, so that counting begins anew."""
    return user.failed_auth_count >= CONF.security_compliance.lockout_failure_attempts and not locked(user)


def _succeeded(user, keys, known):
    """Record that the user logs in from this address: at most once a day, or when there were failures."""
    key, moment = keys[0][0], time.time()
    forgotten, succeeded = known.get(key, (0.0, None))
    if forgotten > moment or succeeded is None or succeeded + _RENEWED < moment:
        with db.writer(relaxed=True) as session:
            login_attempts.succeeded(session, key, moment, moment + _KNOWN)
    if user.failed_auth_count:
        with db.writer(relaxed=True) as session:
            login_attempts.reset(session, user.id)
