"""Secrets at rest: sealed with a key file of the state directory, shared by the control plane's processes."""

import functools
import os

from cryptography import fernet

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
    """The key in ``path``, made when missing: mode 0600, written aside and linked, so that of two makers one wins."""
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        aside = f"{path}.{os.getpid()}"
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(fernet.Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(aside)
    with open(path, "rb") as file:
        return file.read()
