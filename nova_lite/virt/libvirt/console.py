"""Logs of guests' serial ports, which virtlogd writes, and connections to their screens and serial ports."""

import functools
import os

from nova_lite.common import exceptions
from nova_lite.virt import driver
from nova_lite.virt.libvirt import domains
from nova_lite.virt.libvirt.disks import Files


class Console(driver.Console):
    def __init__(self, connection, conf):
        self._connection = connection
        self._conf = conf

    def log(self, server_id, max_bytes):
        files = Files.of(self._conf.state_dir, server_id)
        if not os.path.isdir(files.directory):
            raise exceptions.GuestNotFound(host=self._conf.host, server_id=server_id)
        pieces = []
        for path in _newest_first(files.console_log):
            piece = _tail(path, max_bytes)
            if piece is None:
                break
            pieces.append(piece)
            max_bytes -= len(piece)
            if max_bytes <= 0:
                break
        return b"".join(reversed(pieces))

    def screen(self, server_id):
        self._of_running(server_id, domains.screen)
        return functools.partial(self._connection.call, domains.open_screen, server_id)

    def terminal(self, server_id):
        return self._of_running(server_id, domains.terminal)

    def _of_running(self, server_id, function):
        found = self._connection.call(function, server_id)
        if found is None:
            raise exceptions.GuestNotFound(host=self._conf.host, server_id=server_id)
        return found


def _newest_first(path):
    """virtlogd moves a full log to ``path.0``, that one to ``path.1`` and so on."""
    yield path
    for number in range(100):
        yield f"{path}.{number}"


def _tail(path, size):
    """The last ``size`` bytes of a file; None where there is no such file."""
    try:
        with open(path, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - size))
            return log.read(size)
    except FileNotFoundError:
        return None
