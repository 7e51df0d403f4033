"""Secrets at rest: sealed with a key file of the state directory, shared by the control plane's processes."""

import functools
import os

from cryptography import fernet

from nova_lite.common import atomic_file
from nova_lite.conf import CONF


def seal(text):
    """Encrypt; None stays None."""
    return None if text is None else _box().encrypt(text.encode()).decode()


def unseal(token):
    """The inverse of ``seal``."""
    return None if token is None else _box().decrypt(token.encode()).decode()


def _box():
    return fernet.Fernet(_key(os.path.join(CONF.state_dir, "keys", "secrets.key")))


@functools.cache
def _key(path):
    """The key in ``path``, made when it is missing."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        atomic_file.create(path, fernet.Fernet.generate_key())
    with open(path, "rb") as file:
        return file.read()
