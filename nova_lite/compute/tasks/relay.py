"""Relays from TCP ports to consoles of guests: each gets a port of its own, for one caller that knows a secret.

The console itself, a terminal or a guest's VNC server, can be opened by this host's root and QEMU's user only.
"""

import contextlib
import dataclasses
import functools
import hmac
import logging
import os
import secrets
import selectors
import socket
import termios
import time

from nova_lite.common import concurrency, exceptions

LOG = logging.getLogger(__name__)
_CALL = 10.0        # seconds in which the proxy must connect and send the secret
_CALLERS = 16       # connections that may try the secret: a port scan must not keep the proxy out
_PIECE = 65536


@dataclasses.dataclass(frozen=True)
class Terminal:
    """A serial port by the path of its device.  A guest's has one caller: a later one replaces it, as with virsh."""

    server_id: str
    device: str

    @contextlib.contextmanager
    def connect(self):
        """The file descriptor of the terminal, until the block ends."""
        terminal = os.open(self.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _make_raw(terminal)
            yield terminal
        finally:
            os.close(terminal)


@dataclasses.dataclass(frozen=True)
class Screen:
    """A VNC server by a callable that connects to it.  It serves several callers at once."""

    open: object
    server_id = None

    @contextlib.contextmanager
    def connect(self):
        """The file descriptor of a connection, until the block ends."""
        descriptor = self.open()
        try:
            os.set_blocking(descriptor, False)
            yield descriptor
        finally:
            os.close(descriptor)


class Relays:
    def __init__(self):
        self._present = {}          # server id -> the caller's socket, of terminals

    def open(self, here, far):
        """Relay to ``far``, a Terminal or Screen.

        :param here: the address to listen on.
        :returns: (port, secret): one caller that sends the secret and a newline within seconds is connected.
        """
        secret = secrets.token_urlsafe(16)
        listener = socket.create_server((here, 0), family=socket.AF_INET6 if ":" in here else socket.AF_INET)
        listener.settimeout(_CALL)
        concurrency.spawn(self._wait, listener, far, secret)
        return listener.getsockname()[1], secret

    def _wait(self, listener, far, secret):
        end, taken = time.monotonic() + _CALL, concurrency.Event()
        with listener, contextlib.suppress(OSError):
            for _ in range(_CALLERS):
                listener.settimeout(max(end - time.monotonic(), 0.001))
                caller, _ = listener.accept()
                concurrency.spawn(self._serve, caller, end, functools.partial(
                    self._claim, listener, secret, taken), functools.partial(self._talk, caller, far))

    @staticmethod
    def _serve(caller, end, claim, talk):
        with caller, contextlib.suppress(OSError, exceptions.HypervisorError):
            if claim(_line(caller, end)):
                caller.settimeout(None)
                talk()

    @staticmethod
    def _claim(listener, secret, taken, said):
        """Whether the caller sent the secret, and no other did before."""
        if not hmac.compare_digest(said, secret.encode()) or taken.is_set():
            return False
        taken.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        return True

    def _talk(self, caller, far):
        with self._alone(caller, far.server_id), far.connect() as descriptor:
            _pump(caller, descriptor)

    @contextlib.contextmanager
    def _alone(self, caller, server_id):
        """Disconnect the earlier caller of a server's terminal.  :param server_id: None for a screen: nobody is."""
        if server_id is None:
            yield
            return
        earlier = self._present.get(server_id)
        if earlier is not None:
            with contextlib.suppress(OSError):
                earlier.shutdown(socket.SHUT_RDWR)
        self._present[server_id] = caller
        try:
            yield
        finally:
            if self._present.get(server_id) is caller:
                del self._present[server_id]


def _line(caller, end):
    said = b""
    while len(said) < 64 and not said.endswith(b"\n"):
        caller.settimeout(max(end - time.monotonic(), 0.001))
        byte = caller.recv(1)
        if not byte:
            break
        said += byte
    return said.rstrip(b"\n")


def _make_raw(terminal):
    """Turn off echo and line editing, which the guest's own terminal driver does."""
    mode = termios.tcgetattr(terminal)
    mode[0], mode[1], mode[3] = 0, 0, 0
    mode[2] = (mode[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


def _pump(caller, far):
    """Copy both ways until the caller disconnects, or the guest is gone and its end of ``far`` is closed."""
    while True:
        ready = _ready(selectors.EVENT_READ, caller, far)
        if caller in ready:
            piece = caller.recv(_PIECE)
            if not piece:
                return
            _write(far, piece)
        if far in ready:
            piece = os.read(far, _PIECE)
            if not piece:
                return
            caller.sendall(piece)


def _write(far, piece):
    while piece:
        _ready(selectors.EVENT_WRITE, far)
        piece = piece[os.write(far, piece):]


def _ready(event, *files):
    """Wait for descriptors; return those that are ready.  select() cannot be used: it knows none above 1,023."""
    with selectors.DefaultSelector() as selector:
        for each in files:
            selector.register(each, event)
        return [key.fileobj for key, _ in selector.select()]
