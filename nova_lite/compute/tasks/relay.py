"""Serial ports of guests as TCP: each console asked for gets a port of its own, for one caller who knows a secret."""

import contextlib
import hmac
import logging
import os
import secrets
import select
import socket
import termios

from nova_lite.common import concurrency
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_CALL = 10.0        # seconds in which the one who asked must call
_PIECE = 4096


class Relays:
    """At most one caller a guest: who comes later takes over, as with libvirt's own console command."""

    def __init__(self):
        self._present = {}          # server id -> the caller's socket

    def open(self, server_id, device):
        """(port, secret): there a guest's terminal ``device`` answers one who says the secret and a newline."""
        secret = secrets.token_urlsafe(16)
        ear = socket.create_server((CONF.serial_console.proxyclient_address, 0))
        ear.settimeout(_CALL)
        concurrency.spawn(self._wait, ear, server_id, device, secret)
        return ear.getsockname()[1], secret

    def _wait(self, ear, server_id, device, secret):
        with ear, contextlib.suppress(OSError):
            caller, _ = ear.accept()
            with caller:
                caller.settimeout(_CALL)
                if hmac.compare_digest(_line(caller), secret.encode()):
                    caller.settimeout(None)
                    self._talk(server_id, caller, device)

    def _talk(self, server_id, caller, device):
        earlier = self._present.get(server_id)
        if earlier is not None:
            with contextlib.suppress(OSError):
                earlier.shutdown(socket.SHUT_RDWR)
        self._present[server_id] = caller
        terminal = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            _make_raw(terminal)
            _pump(caller, terminal)
        finally:
            os.close(terminal)
            if self._present.get(server_id) is caller:
                del self._present[server_id]


def _line(caller):
    said = b""
    while len(said) < 64 and not said.endswith(b"\n"):
        byte = caller.recv(1)
        if not byte:
            break
        said += byte
    return said.rstrip(b"\n")


def _make_raw(terminal):
    """No echo, no line editing: the guest's own terminal driver does that."""
    mode = termios.tcgetattr(terminal)
    mode[0], mode[1], mode[3] = 0, 0, 0
    mode[2] = (mode[2] & ~(termios.CSIZE | termios.PARENB)) | termios.CS8
    termios.tcsetattr(terminal, termios.TCSANOW, mode)


def _pump(caller, terminal):
    """Until the caller leaves or the guest is gone, which closes the terminal's other end."""
    while True:
        ready = select.select([caller, terminal], [], [])[0]
        if caller in ready:
            piece = caller.recv(_PIECE)
            if not piece:
                return
            _write(terminal, piece)
        if terminal in ready:
            piece = os.read(terminal, _PIECE)
            if not piece:
                return
            caller.sendall(piece)


def _write(terminal, piece):
    while piece:
        select.select([], [terminal], [])
        piece = piece[os.write(terminal, piece):]
