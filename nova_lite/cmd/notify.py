"""What a service tells the init system: that it is ready, lives, stops (sd_notify(3)'s protocol, without its library).

Under no init system nothing is told.  A worker of several (nova-lite-api) tells its parent, who tells the init system.
"""

import contextlib
import os
import socket

READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
TURNING = "TURNING=1"       # a worker's loop turns, whatever else may be wrong: for its parent alone

_pipe = None        # the parent's ear, in a worker
#: As it is before it is made green: several green threads of a worker may tell at once, and one that finds the pipe
#: full says nothing.
_write = os.write


def through(descriptor):
    """From now on tell the parent, who reads lines at the other end of the pipe."""
    global _pipe
    _pipe = descriptor


def tell(state):
    """:param state: READY, ALIVE or STOPPING.  Who does not listen is no trouble of ours."""
    with contextlib.suppress(OSError):
        if _pipe is not None:
            _write(_pipe, f"{state}\n".encode())
            return
        address = os.environ.get("NOTIFY_SOCKET", "")
        if address[:1] in ("/", "@"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.sendto(state.encode(), address.replace("@", "\0", 1) if address[0] == "@" else address)


def watchdog_seconds():
    """How often the init system wants to hear that we live; None where it does not."""
    text, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID")
    mine = pid is None or pid in (str(os.getpid()), str(os.getppid()))      # a worker's parent is the one watched
    return int(text) / 1e6 if text.isdigit() and int(text) and mine else None
