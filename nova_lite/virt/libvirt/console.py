"""A guest's serial port and screen: the end of what virtlogd logged of it, and where the living ones are."""

import os

from nova_lite.common import exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt import guest
from nova_lite.virt.libvirt.disks import Files


class Console(driver.Console):
    def __init__(self, connection, conf):
        self._connection = connection
        self._conf = conf

    def log(self, server_id, max_bytes):
        files = Files.of(self._conf.state_dir, server_id)
        if not os.path.isdir(files.directory):
            raise exception.GuestNotFound(host=self._conf.host, server_id=server_id)
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
        listen, port = self._living(server_id, guest.screen)
        return listen, port

    def terminal(self, server_id):
        return self._living(server_id, guest.terminal)

    def _living(self, server_id, ask):
        found = self._connection.call(ask, server_id)
        if found is None:
            raise exception.GuestNotFound(host=self._conf.host, server_id=server_id)
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
