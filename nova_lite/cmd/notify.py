"""Notifications to the init system: that it is ready, lives, stops.

It is sd_notify(3)'s protocol without a library: sending is one datagram, and what is longer here, workers that report
to their parent, no library has; systemd's own needs a compiler and its headers.
Without an init system nothing is sent.  A worker of several (nova-lite-api) reports to its parent, which notifies the
init system.
"""

import contextlib
import os
import socket

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
TURNING = "TURNING=1"       # a worker's loop turns, whatever else may be wrong: for its parent alone

_pipe = None        # in a worker: the end of the pipe to its parent
#: As it is before it is made green: several green threads of a worker may send at once, and one that finds the pipe
#: full says nothing.
_write = os.write


def through(descriptor):
    """From now on report to the parent, which reads lines at the other end of the pipe."""
    global _pipe
    _pipe = descriptor


def send(state):
    """:param state: READY, ALIVE or STOPPING.  Without a listener nothing happens."""
    with contextlib.suppress(OSError):
        if _pipe is not None:
            _write(_pipe, f"{state}\n".encode())
            return
        address = os.environ.get("NOTIFY_SOCKET", "")
        if address[:1] in ("/", "@"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def watchdog_seconds():
    """How often the init system wants a sign of life; None where it does not."""
    text, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    mine = pid is None or pid in (str(os.getpid()), str(os.getppid()))      # a worker's parent is the one watched
    return int(text) / 1e6 if text.isdigit() and int(text) and mine else None
