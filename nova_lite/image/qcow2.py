"""Whether a qcow2 file is one that a guest can boot: QEMU's own limits, and nothing of it beyond the end of the file.

https://www.qemu.org/docs/master/interop/qcow2.html; the limits are those of QEMU's block/qcow2.h.
"""

import array
import os
import struct
import sys

from nova_lite.common import exceptions

HEAD = 112              # bytes of the header that are looked at
_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_EXTENSION = struct.Struct(">QQQII")
_CRYPT = {1: "AES", 2: "LUKS"}
_CLUSTER_BITS = range(9, 22)
_L1_BYTES = 32 << 20
_REFCOUNT_BYTES = 8 << 20
_SNAPSHOTS = 65536
_OFFSET = (1 << 56) - (1 << 9)      # bits 9 to 55 of an entry
_COMPRESSED = 1 << 62
_EXTENDED_L2 = 1 << 4               # each entry is followed by a bitmap
_ENTRIES = 1 << 24


def check(head, size):
    """The header of a file of ``size`` bytes; ``head`` is its first ``HEAD`` bytes.

    :raises ImageRejected: it is encrypted, damaged or cut short.
    :raises BadRequest: its guest would see more bytes than any can have.
    """
    if len(head) < _HEADER.size:
        raise _rejected("its header is cut short")
    (_, version, backing, _, bits, virtual_size, crypt, l1_entries, l1_offset, refcounts, refcount_clusters,
     snapshots, snapshots_offset) = _HEADER.unpack_from(head)
    if crypt:
        raise _rejected(f"it is encrypted ({_CRYPT.get(crypt, crypt)}), and servers have no keys for images")
    if bits not in _CLUSTER_BITS:
        raise _rejected(f"its cluster_bits are {bits}, not {_CLUSTER_BITS.start} to {_CLUSTER_BITS.stop - 1}")
    cluster = 1 << bits
    _check_size(virtual_size, cluster)
    needed = -(-virtual_size // (cluster // 8 * cluster))
    if not needed <= l1_entries <= _L1_BYTES // 8:
        raise _rejected(f"its L1 table has {l1_entries} entries, and needs {needed}; {_L1_BYTES // 8} are allowed")
    if not 0 < refcount_clusters * cluster <= _REFCOUNT_BYTES:
        raise _rejected(f"its refcount table has {refcount_clusters} clusters")
    if snapshots > _SNAPSHOTS:
        raise _rejected(f"it has {snapshots} snapshots; {_SNAPSHOTS} are allowed")
    for what, offset, length in (("L1 table", l1_offset, l1_entries * 8),
                                 ("refcount table", refcounts, refcount_clusters * cluster),
                                 ("snapshot table", snapshots_offset, snapshots * 40)):
        _check_place(what, offset, length, cluster, size)
    if version > 2:
        _check_extension(head, cluster)


def _check_size(virtual_size, cluster):
    most = _L1_BYTES // 8 * (cluster // 8 * cluster)
    if virtual_size > most:
        raise exceptions.BadRequest(f"The virtual size of the image is {virtual_size} bytes; the limit for clusters of "
                                   f"{cluster} bytes is {most} bytes.")


def _check_place(what, offset, length, cluster, size):
    if length and (offset % cluster or not cluster <= offset):
        raise _rejected(f"its {what} lies at {offset}, which is no cluster")
    if length and offset + length > size:
        raise _rejected(f"it is cut short: its {what} ends at {offset + length}, the file at {size}")


def _check_extension(head, cluster):
    if len(head) < _HEADER.size + _EXTENSION.size:
        raise _rejected("its header is cut short")
    *_, order, length = _EXTENSION.unpack_from(head, _HEADER.size)
    if order > 6:
        raise _rejected(f"its refcount_order is {order}; 6 is the largest")
    if not _HEADER.size + _EXTENSION.size <= length <= cluster:
        raise _rejected(f"its header_length is {length}")


def check_clusters(descriptor, size):
    """Whether what a file's tables point to is in the file; ``check`` found its header good.  Blocks.

    Each table is read once, and at most so many entries (1 TiB of data in the usual clusters), or a hostile file would
    take hours.

    :raises ImageRejected: it is cut short.
    """
    head = os.pread(descriptor, HEAD, 0)
    _, version, _, _, bits, _, _, l1_entries, l1_offset, *_ = _HEADER.unpack_from(head)
    cluster = 1 << bits
    step = 2 if version > 2 and _EXTENSION.unpack_from(head, _HEADER.size)[0] & _EXTENDED_L2 else 1
    tables = sorted({each & _OFFSET for each in _table(descriptor, l1_offset, l1_entries * 8)} - {0})
    for offset in tables:
        _check_place("L2 table", offset, cluster, cluster, size)
    for offset in tables[:_ENTRIES // (cluster // 8)]:
        _check_l2(_table(descriptor, offset, cluster)[::step], bits, size)


def _check_l2(entries, bits, size):
    compressed = (1 << (70 - bits)) - 1         # bits of an offset in an entry of a compressed cluster
    for entry in entries:
        if entry:
            offset = entry & compressed if entry & _COMPRESSED else entry & _OFFSET
            if offset >= size and offset:
                raise _rejected(f"it is cut short: it has data at {offset}, and ends at {size}")


def _table(descriptor, offset, length):
    entries = array.array("Q", os.pread(descriptor, length, offset))
    if sys.byteorder == "little":
        entries.byteswap()
    return entries


def _rejected(why):
    return exceptions.ImageRejected(f"The qcow2 image cannot be used: {why}.")
