"""The state directory: made with the right modes, locked by the one process that uses it."""

import fcntl
import glob
import os
import shlex

from nova_lite.common import exceptions

#: directory below the state directory -> mode; keys are the cloud's own
_LAYOUT = {"keys": 0o700, "images": 0o711, "instances": 0o711, "cache/images": 0o711, "network": 0o755, "run": 0o750,
           "log": 0o750}
_BESIDE = ("fake", "groups", "nova_lite.sqlite*", "nova_lite.conf", "clouds.yaml*")


class Lock:
    """Held while a process uses the directory; the kernel lets go of it however the process ends."""

    def __init__(self, path):
        self._path = path
        self._file = open(path, "a+")       # noqa: SIM115 - it stays open as long as the lock is held
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise exceptions.Misconfigured(
                problem=f"The state directory {os.path.dirname(os.path.dirname(path))} is in use by process "
                        f"{pid_in(path) or '(starting)'}.",
                remedy="Stop it with 'nova-lite down', or choose another by --state-dir DIR.") from error
        self._file.truncate(0)

    def write_pid(self):
        """Say who holds the lock: the sign that the cloud is ready."""
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self):
        self._file.truncate(0)
        self._file.close()


def lock_path(place):
    return os.path.join(place, "run", "nova-lite.lock")


def ours(place):
    """Paths of all that a cloud makes in its state directory, and of its configuration."""
    names = {name.partition("/")[0] for name in _LAYOUT}.union(_BESIDE)
    return sorted(path for name in names for path in glob.glob(os.path.join(glob.escape(place), name)))


def other_than(place):
    """A sentence with the state directory of the cloud that the client is set to; "" where it is this one, or none."""
    named = os.path.dirname(os.path.abspath(os.environ.get("OS_CLIENT_CONFIG_FILE") or "/"))
    if named == place or not os.path.exists(lock_path(named)):
        return ""
    return f" OS_CLIENT_CONFIG_FILE is of the cloud in {named}: --state-dir {shlex.quote(named)}"


def pid_in(path):
    """The process id in a lock file; None when there is none."""
    try:
        with open(path) as file:
            text = file.read().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def prepare(place):
    """Make what is missing of the layout.  :raises Misconfigured: with the remedy."""
    try:
        os.makedirs(place, mode=0o755, exist_ok=True)
        for name, mode in _LAYOUT.items():
            path = os.path.join(place, name)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
    except OSError as error:
        raise exceptions.Misconfigured(
            problem=f"Cannot make the state directory {place}: {error.strerror}.",
            remedy="Run as a user who may write there, or choose another by --state-dir DIR.") from error


def prepare_and_lock(place):
    """Make what is missing and take the lock.  :raises Misconfigured: with the remedy."""
    prepare(place)
    return Lock(lock_path(place))
