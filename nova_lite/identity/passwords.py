"""Passwords: bcrypt over SHA-256, computed in native threads of their own so that nobody else waits.

Everybody can have passwords compared as fast as he likes: a flood of logins makes logins wait, and nothing else.
"""

import base64
import collections
import functools
import hashlib
import hmac
import os
import threading

import bcrypt

from nova_lite.common import concurrency
from nova_lite.conf import CONF

_PREFIX = "sha256+"
_DEADLINE = 30.0        # seconds one hash may take before the machine is taken to be broken
_REMEMBERED = 1000      # verified pairs kept
_THREADS, _MOST_STUCK = 4, 8


def hashed(password):
    """The text to keep for ``password``."""
    salt = bcrypt.gensalt(CONF.identity.password_hash_rounds)
    return _PREFIX + _native(bcrypt.hashpw, _digest(password), salt).decode()


class Verifier:
    """Compares passwords with what is kept; an unknown user costs the same time as a wrong password.

    What was right once is remembered by a keyed digest of the password and the kept hash, never the password itself;
    so a changed password is no longer remembered.
    """

    def __init__(self):
        self._secret = os.urandom(32)
        self._right = collections.OrderedDict()
        self._lock = threading.Lock()
        self._nobody = None

    def verify(self, password, kept):
        """Whether ``password`` is the one ``kept`` was made from; ``kept`` None: it is not, after the usual time."""
        if kept is None:
            _matches(password, self._nobodys())
            return False
        key = hmac.digest(self._secret, f"{kept}\0{password}".encode("utf-8", "surrogatepass"), "sha256")
        with self._lock:
            if key in self._right:
                self._right.move_to_end(key)
                return True
        if not _matches(password, kept):
            return False
        with self._lock:
            self._right[key] = True
            if len(self._right) > _REMEMBERED:
                self._right.popitem(last=False)
        return True

    def _nobodys(self):
        if self._nobody is None:
            self._nobody = hashed(base64.b64encode(os.urandom(16)).decode())
        return self._nobody


def _matches(password, kept):
    return _native(bcrypt.checkpw, _digest(password), kept.removeprefix(_PREFIX).encode())


def _digest(password):
    """bcrypt reads 72 bytes and stops at NUL: a digest has neither limit."""
    return base64.b64encode(hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest())


def _native(fn, *args):
    return _natives().run(fn, *args, deadline=_DEADLINE, what="hashing a password")


@functools.cache
def _natives():
    return concurrency.Natives(_THREADS, _MOST_STUCK)
