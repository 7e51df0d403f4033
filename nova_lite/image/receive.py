"""Bytes that arrive become a file: hashed, inspected and bounded as they stream; whole and on disk, or not at all."""

import dataclasses
import hashlib
import os

from nova_lite.common import concurrency, exception
from nova_lite.image.inspect import Inspection

CHUNK = 1 << 20
HASH = "sha512"         # os_hash_algo
_STEP = 120.0           # seconds one chunk may take on its way to disk


@dataclasses.dataclass(frozen=True)
class Received:
    """What arrived.  ``checksum`` is its MD5, ``hash_value`` its SHA-512, both hexadecimal."""

    size: int
    checksum: str
    hash_value: str
    virtual_size: int | None


class Receiver:
    """Takes the bytes of one image into an open file, at most ``limit`` of them."""

    def __init__(self, file, disk_format, limit):
        self._file = file
        self._limit = limit
        self._inspection = Inspection(disk_format)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hash = hashlib.new(HASH)

    def eat(self, chunk):
        """Take one chunk.  Blocks: call it in a native thread.

        :raises ImageTooBig: that was more than the limit.
        :raises OSError: the disk is full or broken.
        """
        if self._inspection.size + len(chunk) > self._limit:
            raise exception.ImageTooBig(limit=self._limit)
        self._inspection.eat(chunk)
        self._md5.update(chunk)
        self._hash.update(chunk)
        self._file.write(chunk)

    def finish(self):
        """Judge what came and make it durable; blocks too.

        :raises ImageRejected: it is not what it should be.
        """
        virtual_size = self._inspection.verdict()
        self._file.flush()
        os.fsync(self._file.fileno())
        return Received(self._inspection.size, self._md5.hexdigest(), self._hash.hexdigest(), virtual_size)

    def take(self, source, length=None):
        """Everything that ``source.read(n)`` gives, off the main loop; returns Received.

        :param length: bytes that were promised, or None.
        :raises BadRequest: fewer came.
        """
        while chunk := source.read(CHUNK):
            concurrency.native(self.eat, chunk, deadline=_STEP, what="writing an image")
        if length is not None and self._inspection.size != length:
            raise exception.BadRequest(f"The client sent {self._inspection.size} of {length} bytes.")
        return concurrency.native(self.finish, deadline=_STEP * 5, what="writing an image")


def sync_directory(path):
    """Make a rename inside ``path`` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
