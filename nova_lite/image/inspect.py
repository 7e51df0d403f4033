"""What an image really is: inspected while its bytes stream by, before any other program reads them.

The format found must be the one declared (CVE-2024-40767), and nothing in it may point at another file (CVE-2015-5163,
CVE-2022-47951, CVE-2024-32498).
"""


from oslo_utils.imageutils import format_inspector

from nova_lite.common import exceptions
from nova_lite.image import qcow2

#: Declared format -> what its content may be found to be.  A raw disk may carry a partition table, an ISO both.
_MAY_BE = {"raw": {"raw", "gpt"}, "iso": {"iso", "gpt"}}
#: Kernels, ramdisks and their root disks have no format of their own.
_OPAQUE = frozenset({"aki", "ari", "ami"})
#: The virtual size is the file's own.
_FLAT = frozenset({"raw", "iso"})
#: Short files are inspected as if zeros followed: a header that was cut off is still that format's header.
_HEAD = 65536
#: Bytes that a guest may see of a disk: what QEMU's largest qcow2 has.
_MOST = 1 << 61


class Inspection:
    """Fed with every byte of a file in order, then asked for a verdict."""

    def __init__(self, disk_format):
        self.disk_format = disk_format
        self.size = 0
        self._chunk = b""
        self._head = b""
        self._wrapper = None if disk_format in _OPAQUE else format_inspector.InspectWrapper(self)

    def read(self, _size):
        """The wrapper's source: the chunk at hand."""
        return self._chunk

    def close(self):
        """Nothing to close; the wrapper asks."""

    def write(self, chunk):
        """Inspect the next bytes of the image."""
        if len(self._head) < qcow2.HEAD:
            self._head += chunk[:qcow2.HEAD - len(self._head)]
        self.size += len(chunk)
        self._pass(chunk)

    def _pass(self, chunk):
        if self._wrapper is not None:
            self._chunk = chunk
            self._wrapper.read(len(chunk))
            self._chunk = b""

    def verdict(self):
        """The virtual size in bytes, or None where the format has none.

        :raises ImageRejected: the content is of another format, unsafe, or nothing that a guest can boot.
        :raises BadRequest: its guest would see more bytes than any can have.
        """
        if self._wrapper is None:
            return None
        if 0 < self.size < _HEAD:
            self._pass(bytes(_HEAD - self.size))
        self._wrapper.close()
        found = self._found()
        try:
            for each in found:
                if each.NAME != "gpt":
                    each.safety_check()
        except (format_inspector.ImageFormatError, format_inspector.SafetyCheckFailed):
            raise exceptions.ImageRejected from None
        if self.disk_format in _FLAT:
            return self.size
        if self.disk_format == "qcow2":
            qcow2.check(self._head, self.size)
        virtual_size = max(each.virtual_size for each in found)
        if virtual_size > _MOST:
            raise exceptions.BadRequest(f"The virtual size of the image is {virtual_size} bytes; the limit is {_MOST} "
                                       "bytes.")
        return virtual_size

    def _found(self):
        try:
            found = self._wrapper.formats
        except format_inspector.ImageFormatError:
            found = []
        names = {each.NAME for each in found}
        wrong = names - _MAY_BE.get(self.disk_format, {self.disk_format})
        if wrong or self.disk_format not in names | ({"raw"} if names == {"gpt"} else set()):
            shown = ",".join(sorted(wrong or names)) or "unknown"
            raise exceptions.ImageRejected(f"Image disk_format {self.disk_format} does not match stream data {shown}")
        return found
