"""What a guest printed on its serial port: the end of virtlogd's log, and of the older ones it put aside."""

import os

from nova_lite.common import exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt.disks import Files


class Console(driver.Console):
    def __init__(self, conf):
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
