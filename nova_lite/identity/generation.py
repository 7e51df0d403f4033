"""A number in shared memory of one machine: a process that reads another number than before fetches revocations."""

import mmap
import os
import struct

from oslo_log import log as logging

from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)

_FORM = struct.Struct("=Q")


class Generation:
    """The number is in the mapped file ``run/identity-revision`` of the state directory.

    Only that it differs from the number read before has a meaning, so it may be of an earlier run.
    """

    def __init__(self):
        self._memory = None

    def read(self):
        """The number; takes about 0.1 us."""
        return _FORM.unpack_from(self._opened())[0]

    def write(self, revision):
        """Notify the other processes.  Of two that write at once either number may stay: both are new to all."""
        _FORM.pack_into(self._opened(), 0, revision)

    def _opened(self):
        if self._memory is None:
            self._memory = _open(os.path.join(CONF.state_dir, "run", "identity-revision"))
        return self._memory


def _open(path):
    """The mapped memory of a file of one number; where it cannot be made, memory of this process alone."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        LOG.warning("Changes of identity reach the other processes of this machine a second late: %s", error)
        return bytearray(_FORM.size)
    try:
        os.ftruncate(descriptor, _FORM.size)
        return mmap.mmap(descriptor, _FORM.size)
    finally:
        os.close(descriptor)
