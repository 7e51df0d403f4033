"""The files of a guest's ephemeral disks and swap: raw and sparse, formatted when they are made.

Each is written whole or not at all.  A list of their names beside them shows when one is lost.
"""

import contextlib
import glob
import json
import os
import struct
import uuid

from nova_lite.common import atomic_file, exceptions, sandbox
from nova_lite.virt import spec
from nova_lite.virt.libvirt import disks

_MIB = 1 << 20
_SWAP, _LIST = "disk.swap", "disk.list"     # names of files
_PAGE = 4096
_MOST_PAGES = 0xFFFFFFFF
_EXT = ("mke2fs", "-q", "-F", "-E", "lazy_itable_init=1,lazy_journal_init=1")
#: The command that formats a file, which comes last, and its option for the label.
_COMMANDS = {"ext2": (*_EXT, "-t", "ext2", "-L"), "ext3": (*_EXT, "-t", "ext3", "-L"),
             "ext4": (*_EXT, "-t", "ext4", "-L"), "xfs": ("mkfs.xfs", "-q", "-f", "-L"), "vfat": ("mkfs.vfat", "-n")}


def ensure(files, disks_of_guest, filesystem):
    """Make those of a guest's disks (virt.spec.Disk) with a file system or swap that are not there, or of another size.

    :param filesystem: of those that name none.
    :raises HypervisorError: the host cannot format it so.
    """
    for each in _local(disks_of_guest):
        if _size(files.path(each.source)) != each.content.size_mb * _MIB:
            _make(files.path(each.source), each, filesystem)
    write_list(files, disks_of_guest)


def require(files, disks_of_guest, filesystem):
    """Check that a guest that was built before has them; its swap, in which nothing lasts, is made anew.

    :raises HypervisorError: an ephemeral disk is gone.
    """
    for each in _local(disks_of_guest):
        size = _size(files.path(each.source))
        if not _is_swap(each) and size is None:
            raise exceptions.HypervisorError(reason=f"the disk {files.path(each.source)} is gone")
        if _is_swap(each) and size != each.content.size_mb * _MIB:
            _make(files.path(each.source), each, filesystem)


def resize(files, disks_of_guest, filesystem):
    """Resize: those that are there grow, new ones are made; what grew is for the guest to format.

    Swap that is not wanted any more is removed.
    """
    wanted = _local(disks_of_guest)
    if not any(_is_swap(each) for each in wanted):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_path(files, _SWAP))
    for each in wanted:
        path = files.path(each.source)
        size = _size(path)
        if size is not None and not _is_swap(each) and size < each.content.size_mb * _MIB:
            os.truncate(path, each.content.size_mb * _MIB)
    ensure(files, disks_of_guest, filesystem)


def _local(disks_of_guest):
    return [each for each in disks_of_guest if isinstance(each.content, spec.Filesystem | spec.Swap)]


def _is_swap(disk):
    return isinstance(disk.content, spec.Swap)


def _path(files, name):
    return os.path.join(files.directory, name)


def ephemeral(files):
    """Paths of the ephemeral disks that are there."""
    return sorted(each for each in glob.glob(glob.escape(_path(files, "disk.eph")) + "*")
                  if each.rpartition("disk.eph")[2].isdigit())


def before_resize(file, label):
    """Path of the copy of a disk as it was before the resize called ``label``."""
    return f"{file}.resize.{label}"


def revert(files, label, disks_of_guest):
    """Put back what the resize called ``label`` put aside, and remove what it added; may run twice."""
    wanted = [files.path(each.source) for each in _local(disks_of_guest)]
    for path in wanted:
        with contextlib.suppress(FileNotFoundError):
            os.rename(before_resize(path, label), path)
    for path in {*ephemeral(files), _path(files, _SWAP)} - {*wanted}:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    write_list(files, disks_of_guest)


def write_list(files, disks_of_guest):
    """Write down which ones the guest has."""
    listed, wanted = _path(files, _LIST), _local(disks_of_guest)
    if wanted or os.path.exists(listed):
        atomic_file.write(listed, json.dumps([each.source.path for each in wanted if not _is_swap(each)]).encode())


def problem(files):
    """What is wrong with those that the guest has; "" for nothing."""
    try:
        with open(_path(files, _LIST), "rb") as listed:
            names = json.loads(listed.read())
    except FileNotFoundError:
        return ""
    except ValueError:
        return f"{_path(files, _LIST)} is damaged"
    lost = [_path(files, name) for name in names if not os.path.exists(_path(files, name))]
    return f"the disk {lost[0]} is gone" if lost else ""


def survey(state_dir):
    """As ``disks.survey``, with these disks too."""
    return {name: found or problem(disks.Files.of(state_dir, name)) for name, found in disks.survey(state_dir).items()}


def _size(file):
    with contextlib.suppress(FileNotFoundError):
        return os.stat(file).st_size
    return None


def _make(file, disk, filesystem):
    with atomic_file.replacing(file) as draft:
        with atomic_file.open_draft(draft) as made:
            made.truncate(disk.content.size_mb * _MIB)
            if _is_swap(disk):
                made.write(_swap_header(disk.content.size_mb * _MIB))
        if not _is_swap(disk):
            _format(draft, disk.content.type or filesystem, disk.source.path.replace("disk.eph", "ephemeral"))


def _format(file, filesystem, label):
    try:
        sandbox.run([*_COMMANDS[filesystem], label, file], sandbox.working())
    except (exceptions.ToolFailed, exceptions.ToolLimited) as error:
        os.unlink(file)
        raise exceptions.HypervisorError(reason=f"a disk could not be formatted as {filesystem}: {error}") from error


def _swap_header(size):
    """The first page of a Linux swap area of version 1, as mkswap(8) writes it."""
    last = min(size // _PAGE, _MOST_PAGES) - 1
    head = bytes(1024) + struct.pack("<III16s", 1, last, 0, uuid.uuid4().bytes)
    return head.ljust(_PAGE - 10, b"\0") + b"SWAPSPACE2"
