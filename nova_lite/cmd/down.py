"""``nova-lite down``: ask the cloud of a state directory to stop, and wait until it has."""

import fcntl
import os
import signal
import sys
import time

from nova_lite.cmd import state_dir

_TIMEOUT = 60


def run(arguments):
    """0 when nothing runs any more, 1 when it would not stop."""
    status, said = stop(os.path.abspath(arguments.state_dir))
    print(said, file=sys.stderr if status else sys.stdout)
    return status


def stop(place):
    """(status as of ``run``, what to say about it)"""
    path = state_dir.lock_path(place)
    pid = state_dir.pid_in(path)
    if not _held(path):
        return 0, f"No cloud is running in {place}.{state_dir.other_than(place)}"
    if pid is None:
        return 1, f"The cloud in {place} is just starting or stopping; try again in a few seconds."
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _TIMEOUT
    while time.monotonic() < end:
        if not _held(path):
            return 0, f"The cloud in {place} has stopped. Guests keep running; 'nova-lite up' finds them again."
        time.sleep(0.05)
    return 1, (f"Process {pid} has not stopped within {_TIMEOUT} s; see {place}/log/nova-lite.log. "
               f"'kill -9 {pid}' is safe: the next 'up' finishes what was under way.")


def _held(path):
    """Whether a living process holds the lock; the pid alone could be anybody's by now."""
    try:
        with open(path, "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
