"""The keys that seal tokens: files of one Fernet key each, named by number, in ``state_dir/keys/tokens``.

The highest number seals; all of them open.  To rotate, add the next number and, a token's life later, delete the
lowest: every process notices within a second, so does every host to which the files were copied.
"""

import contextlib
import os
import threading
import time

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from nova_lite.common import atomic_file
from nova_lite.conf import CONF

_LOOK_EVERY = 1.0       # seconds between two looks at the directory


class Keys:
    """Seals and opens bytes; makes the first key when there is none."""

    def __init__(self, directory=None):
        self._directory = directory or os.path.join(CONF.state_dir, "keys", "tokens")
        self._lock = threading.Lock()
        self._looked = 0.0
        self._names = ()
        self._box = None

    def seal(self, data):
        return self._current().encrypt(data).decode()

    def open(self, token):
        """The bytes of ``token`` (text).

        :raises InvalidToken: no key opens it.
        """
        return self._current().decrypt(token)

    def names(self):
        """Names of the key files, the newest first."""
        self._current()
        return self._names

    def _current(self):
        if time.monotonic() - self._looked >= _LOOK_EVERY:
            with self._lock:
                self._look()
        return self._box

    def _look(self):
        names = self._listed()
        if not names:
            _make(self._directory)
            names = self._listed()
        if names != self._names:
            self._box = MultiFernet([Fernet(_read(os.path.join(self._directory, name))) for name in names])
            self._names = names
        self._looked = time.monotonic()

    def _listed(self):
        """Names of key files, the newest first."""
        with contextlib.suppress(FileNotFoundError):
            return tuple(sorted((name for name in os.listdir(self._directory) if name.isdigit()),
                                key=int, reverse=True))
        return ()


def rotate(directory=None):
    """Add a key that seals from now on; its path."""
    directory = directory or os.path.join(CONF.state_dir, "keys", "tokens")
    numbers = [int(name) for name in os.listdir(directory) if name.isdigit()]
    return _make(directory, max(numbers, default=0) + 1)


def _make(directory, number=1):
    """Write a new key, unless another process has made it meanwhile; the path of the one that is there."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    path = os.path.join(directory, str(number))
    atomic_file.create(path, Fernet.generate_key())
    return path


def _read(path):
    with open(path, "rb") as file:
        return file.read().strip()


__all__ = ["InvalidToken", "Keys", "rotate"]
