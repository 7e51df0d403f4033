"""Bytes that arrive become a file: hashed, inspected and bounded as they stream; whole and on disk, or not at all."""

import contextlib
import dataclasses
import errno
import fcntl
import hashlib
import os
import uuid

from nova_lite.common import atomic_file, concurrency, exceptions
from nova_lite.image import qcow2
from nova_lite.image.inspect import Inspection

CHUNK = 1 << 20
HASH = "sha512"         # os_hash_algo
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)
_STEP = 120.0           # seconds one chunk may take on its way to disk


@dataclasses.dataclass(frozen=True)
class Received:
    """What arrived.  ``hashes`` maps an algorithm's name to the digest in hexadecimal."""

    size: int
    hashes: dict
    virtual_size: int | None


class Receiver:
    """Takes the bytes of one image into an open file (None keeps nothing), at most ``limit`` of them."""

    def __init__(self, file, disk_format, limit, algorithms=("md5", HASH)):
        self._file = file
        self._limit = limit
        self._inspection = Inspection(disk_format)
        self._hashes = [hashlib.new(each, usedforsecurity=False) for each in algorithms]

    def write(self, chunk):
        """Inspect, hash and store the next bytes.  Blocks: call it in a native thread.

        :raises ImageTooBig: that was more than the limit.
        :raises OSError: the disk is full or broken.
        """
        if self._inspection.size + len(chunk) > self._limit:
            raise exceptions.ImageTooBig(limit=self._limit)
        self._inspection.write(chunk)
        for each in self._hashes:
            each.update(chunk)
        if self._file is not None:
            self._file.write(chunk)

    def finish(self):
        """Check the whole content and make it durable; blocks, too.

        :raises ImageRejected: it is not what it should be.
        """
        virtual_size = self._inspection.verdict()
        if self._file is not None:
            self._file.flush()
            if self._inspection.disk_format == "qcow2":
                qcow2.check_clusters(self._file.fileno(), self._inspection.size)
            os.fsync(self._file.fileno())
        return Received(self._inspection.size, {each.name: each.hexdigest() for each in self._hashes}, virtual_size)

    def take(self, source, length=None):
        """Everything that ``source.read(n)`` gives, off the main loop; returns Received.

        :param length: bytes that were promised, or None.
        :raises BadRequest: another number came, or the source broke off.
        """
        while chunk := _read(source):
            concurrency.native(self.write, chunk, deadline=_STEP, what="writing an image")
        if length is not None and self._inspection.size != length:
            raise exceptions.BadRequest(f"{self._inspection.size} bytes came instead of {length}.")
        return concurrency.native(self.finish, deadline=_STEP * 5, what="writing an image")


class Incoming:
    """A directory of half-made files, each locked by who makes it: what is not locked was left by a crash.

    Its files become real by ``keep`` or ``link``, into a directory on the same filesystem.
    """

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def file(self, name):
        """A new file; it is gone when the block ends, unless it was kept, or linked and not yet ``settle``d."""
        file = self._locked_file(name)
        with file:
            try:
                yield file
            finally:
                if os.fstat(file.fileno()).st_nlink < 2:
                    self.settle(file)

    def _locked_file(self, name):
        while True:
            file = open(os.path.join(self.directory, f"{name}.{uuid.uuid4().hex}"), "x+b")     # noqa: SIM115
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()            # a sweep was between our open and our lock

    @staticmethod
    def keep(file, target):
        """Give a finished file its place and name; nobody writes it again.  libvirt gives it to QEMU's user to read."""
        os.fchmod(file.fileno(), 0o440)
        os.rename(file.name, target)
        atomic_file.sync_directory(os.path.dirname(target))

    @classmethod
    def link(cls, file, target):
        """As ``keep``, but its name here stays until ``settle``: who dies before is known by it (``unsettled``).

        On a filesystem without hard links it is ``keep``.
        """
        os.fchmod(file.fileno(), 0o440)
        try:
            os.link(file.name, target)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            cls.keep(file, target)
        else:
            atomic_file.sync_directory(os.path.dirname(target))

    @staticmethod
    def settle(file):
        """Take a file's name here away."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.name)

    def unsettled(self):
        """{name: path here} of the linked files that crashes left."""
        left = {}
        for each in os.listdir(self.directory):
            path = os.path.join(self.directory, each)
            if unless_locked(path, os.stat) and _links(path) > 1:
                left[each.rpartition(".")[0]] = path
        return left

    def sweep(self):
        """Remove what crashes left; returns the names that are being made now."""
        alive = set()
        for each in os.listdir(self.directory):
            path = os.path.join(self.directory, each)
            if not unless_locked(path, os.unlink):
                alive.add(each.rpartition(".")[0])
        return alive


def _links(path):
    try:
        return os.stat(path).st_nlink
    except FileNotFoundError:
        return 0


def _read(source):
    try:
        return source.read(CHUNK)
    except exceptions.RequestTimeout:
        raise
    except (OSError, ValueError) as error:      # what the HTTP servers raise when a client goes away
        raise exceptions.BadRequest(f"The data broke off: {error}") from error


def unless_locked(path, act):
    """Call ``act(path)``, unless somebody makes this file now: then False.  A file that is gone needs nothing."""
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            act(path)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        pass
    return True
