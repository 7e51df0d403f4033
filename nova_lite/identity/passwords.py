"""Hashes of passwords: bcrypt over SHA-256, computed in native threads of their own.

Anybody can have passwords compared, as fast as requests come: a flood of logins delays logins and nothing else.
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
_DEADLINE = 30.0        # seconds that one hash may take
_REMEMBERED = 1000      # verified pairs kept
_THREADS, _MOST_STUCK = 4, 8


def hashed(password):
    """The text that is stored for ``password``."""
    salt = bcrypt.gensalt(CONF.identity.password_hash_rounds)
    return _PREFIX + _native(bcrypt.hashpw, _digest(password), salt).decode()


class Verifier:
    """Compares passwords with stored hashes; an unknown user takes the same time as a wrong password.

    A pair that matched once is remembered as a keyed digest of the password and the stored hash, so that neither can be
    read from memory, and a changed password matches nothing that is remembered.
    """

    def __init__(self):
        self._secret = os.urandom(32)
        self._right = collections.OrderedDict()
        self._lock = threading.Lock()
        self._unused_hash = None

    def verify(self, password, kept):
        """Whether ``kept`` was made from ``password``; False after the usual time where ``kept`` is None."""
        if kept is None:
            _matches(password, self._hash_of_no_user())
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

    def _hash_of_no_user(self):
        if self._unused_hash is None:
            self._unused_hash = hashed(base64.b64encode(os.urandom(16)).decode())
        return self._unused_hash


def _matches(password, kept):
    return _native(bcrypt.checkpw, _digest(password), kept.removeprefix(_PREFIX).encode())


def _digest(password):
    """bcrypt reads 72 bytes and stops at NUL; a digest makes passwords of any length and bytes differ."""
    return base64.b64encode(hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest())


def _native(fn, *args):
    return _natives().run(fn, *args, deadline=_DEADLINE, what="hashing a password")


@functools.cache
def _natives():
    return concurrency.Natives(_THREADS, _MOST_STUCK)
