"""A guest's files: its directory, its root disk (a qcow2 overlay), its config drive.

An overlay is a header and three empty tables, so it is written here in a tenth of a millisecond instead of by qemu-img
(https://www.qemu.org/docs/master/interop/qcow2.html).  Of what a guest may have written, only the header of its own
qcow2 file is read here.
"""

import contextlib
import dataclasses
import os
import re
import shutil
import struct
import tempfile

from nova_lite.common import atomic_file, exceptions
from nova_lite.virt import spec

GIB = 1 << 30
_CLUSTER_BITS = 16
_CLUSTER = 1 << _CLUSTER_BITS
_MAGIC = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQIIQQIIQQQQII")     # version 3, 104 bytes
_NO_BASE = "The image that the server's disk lies on cannot be read."
_BACKING_FORMAT = 0xE2792ACA
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class Files:
    """Where a guest's files are: ``Files.of(state_dir, server_id)``."""

    directory: str

    @classmethod
    def of(cls, state_dir, server_id):
        """:raises ValueError: the id is no UUID, so it shall never become a path."""
        if not _ID.fullmatch(server_id):
            raise ValueError(f"not a server id: {server_id!r}")
        return cls(os.path.join(os.path.realpath(state_dir), "instances", server_id))

    def path(self, source):
        """Path of a virt.spec.File: absolute as stated, or in the guest's directory."""
        return os.path.join(self.directory, source.path)

    @property
    def disk(self):
        """The root disk."""
        return os.path.join(self.directory, spec.ROOT)

    def before_resize(self, label=""):
        """Path of the root disk's copy from before the resize called ``label``; "" gives what all such begin with."""
        return os.path.join(self.directory, f"disk.resize.{label}")

    @property
    def snapshot(self):
        return os.path.join(self.directory, "snapshot.qcow2")

    @property
    def snapshot_delta(self):
        """Copy of what a running guest's root disk holds itself, an overlay of the same backing image."""
        return os.path.join(self.directory, "snapshot.delta")

    @property
    def console_log(self):
        return os.path.join(self.directory, "console.log")

    def make(self):
        """Make the directory.  QEMU's own user passes through it and everything above, but lists nothing."""
        os.makedirs(os.path.dirname(self.directory), mode=0o711, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.directory, 0o711)

    def remove(self):
        """Remove the directory and all in it, if there."""
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.directory)


def ensure(files, disk):
    """Make the overlay ``disk`` (a virt.spec.Disk with that content); one that is already as stated is kept.

    :raises DiskTooSmall: the image does not fit.
    :raises HypervisorError: the base cannot be read, or there is neither base nor size.
    """
    path, size, base = files.path(disk.source), _size(disk), disk.source.backing
    wanted = (size, base.path, base.format) if base else (size, None, None)
    if _header(path) != wanted:
        atomic_file.write(path, overlay(*wanted))


def with_backing(files, disk):
    """``disk`` (virt.spec.Disk) with the backing image that its overlay's file names.

    :raises HypervisorError: the file is gone, or none of ours.
    """
    _, base, base_format = _read(files.path(disk.source))
    backing = spec.Backing(base, base_format) if base else None
    return dataclasses.replace(disk, source=dataclasses.replace(disk.source, backing=backing))


def write_empty_copy(files, path):
    """Make an empty overlay at ``path`` that is as large as the root disk and lies over the same base."""
    atomic_file.write(path, overlay(*_read(files.disk)))


def size_of(files):
    """Bytes that the guest sees of its root disk.  :raises HypervisorError: it is gone or damaged."""
    return _read(files.disk)[0]


def _read(path):
    """(size, base, base_format) of an overlay.  :raises HypervisorError: it is gone or damaged."""
    header = _header(path)
    if header is None:
        raise exceptions.HypervisorRefused(reason=f"the disk {path} is gone or damaged",
                                           public="The server's disk is gone or damaged.")
    return header


def survey(state_dir):
    """{server id: the fault of its files, "" for none} of all that have a directory."""
    return {name: _problem(Files.of(state_dir, name)) for name in _directories(state_dir)}


def bases(state_dir):
    """Names of the files that are backing images of any qcow2 file of any server here."""
    found = set()
    for name in _directories(state_dir):
        for entry in os.scandir(Files.of(state_dir, name).directory):
            header = _header(entry.path) if entry.is_file(follow_symlinks=False) else None
            if header and header[1]:
                found.add(os.path.basename(header[1]))
    return found


def copied(state_dir):
    """Ids of the servers of whose disks there is a copy or a part of one."""
    return [name for name in _directories(state_dir)
            for files in (Files.of(state_dir, name),)
            if os.path.exists(files.snapshot) or os.path.exists(files.snapshot_delta)]


def _directories(state_dir):
    top = os.path.join(os.path.realpath(state_dir), "instances")
    return [name for name in os.listdir(top) if _ID.fullmatch(name)] if os.path.isdir(top) else []


def _problem(files):
    header = _header(files.disk)
    if header is None:
        return f"the disk {files.disk} is gone or damaged"
    base = header[1]
    return f"{base}, on which its disk lies, is gone" if base and not os.path.exists(base) else ""


def overlay(size, base=None, base_format=None):
    """The bytes of an empty qcow2 image of ``size`` bytes over ``base`` (None: over nothing)."""
    name = os.fsencode(base) if base else b""
    if len(name) > 1023:
        raise exceptions.HypervisorRefused(reason=f"the path of the base image is too long: {base}", public=_NO_BASE)
    extensions = struct.pack(">II", 0, 0)
    if base:
        name_of_format = base_format.encode()
        padded = name_of_format.ljust(-(-len(name_of_format) // 8) * 8, b"\0")
        extensions = struct.pack(">II", _BACKING_FORMAT, len(name_of_format)) + padded + extensions
    l1_entries = -(-size // (_CLUSTER * _CLUSTER // 8))
    l1_clusters = max(1, -(-l1_entries * 8 // _CLUSTER))
    header = _HEADER.pack(
        _MAGIC, 3, _HEADER.size + len(extensions) if base else 0, len(name), _CLUSTER_BITS, size, 0,
        l1_entries, 3 * _CLUSTER, _CLUSTER, 1, 0, 0, 0, 0, 0, 4, _HEADER.size)
    clusters = 3 + l1_clusters          # header, refcount table, refcount block, L1 table
    return b"".join((
        (header + extensions + name).ljust(_CLUSTER, b"\0"),
        struct.pack(">Q", 2 * _CLUSTER).ljust(_CLUSTER, b"\0"),
        struct.pack(f">{clusters}H", *[1] * clusters).ljust(_CLUSTER, b"\0"),
        bytes(l1_clusters * _CLUSTER)))


def virtual_size(path, image_format):
    """Bytes that a guest sees of the image at ``path``, which is what ``image_format`` says.

    :raises HypervisorError: it cannot be read, or is not of that format.
    """
    try:
        if image_format == "raw":
            return os.stat(path).st_size
        with open(path, "rb") as image:
            magic, _version, *_, size = struct.unpack(">4sIQIIQ", image.read(32))
    except (OSError, struct.error) as problem:
        raise exceptions.HypervisorRefused(reason=f"the base image cannot be read: {problem}",
                                          public=_NO_BASE) from None
    if image_format != "qcow2" or magic != _MAGIC:
        raise exceptions.HypervisorRefused(reason=f"the base image {path} is not {image_format}", public=_NO_BASE)
    return size


def has_direct_io(directory):
    """Whether files in ``directory`` can be opened with O_DIRECT, as QEMU's cache=none does (tmpfs often cannot)."""
    with tempfile.NamedTemporaryFile(dir=directory) as probe:
        try:
            os.close(os.open(probe.name, os.O_RDWR | os.O_DIRECT))
        except OSError:
            return False
    return True


def _size(disk):
    wanted, base = disk.content.size_gb * GIB, disk.source.backing
    needed = -(-virtual_size(base.path, base.format) // 512) * 512 if base else 0
    if wanted and wanted < needed:
        raise exceptions.DiskTooSmall(flavor_bytes=wanted, image_bytes=needed)
    if not (wanted or needed):
        raise exceptions.HypervisorError(reason="a disk needs an image or a size")
    return wanted or needed


def _header(path):
    """(size, base, base_format) of the qcow2 file of ours at ``path``; None where there is none, or not a whole one."""
    try:
        with open(path, "rb") as image:
            head = image.read(_CLUSTER)
        magic, version, where, length, _bits, size, *_ = _HEADER.unpack_from(head)
    except (OSError, struct.error):
        return None
    if magic != _MAGIC or version != 3:
        return None
    base = os.fsdecode(head[where:where + length]) if where else None
    return size, base, _backing_format(head) if base else None


def _backing_format(head):
    """The backing format, from the header extension for it; QEMU may have added others before it."""
    at = struct.unpack_from(">I", head, 100)[0]
    while at + 8 <= len(head):
        kind, length = struct.unpack_from(">II", head, at)
        if kind == _BACKING_FORMAT:
            return head[at + 8:at + 8 + length].decode("ascii", "replace")
        if kind == 0:
            break
        at += 8 + -(-length // 8) * 8
    return None
