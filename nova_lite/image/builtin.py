"""A tiny image made of nothing, so that a cloud with the fake driver has something to boot."""

import os
import struct
import tempfile

_CLUSTER_BITS = 9
_SIZE = 1 << 20


def qcow2(size=_SIZE):
    """The bytes of an empty qcow2 version 2 disk of ``size`` bytes (at most 2 MiB): header, L1 table, two of refcounts.

    QEMU's docs/interop/qcow2.txt is the format.
    """
    cluster = 1 << _CLUSTER_BITS
    table, block, l1 = cluster, 2 * cluster, 3 * cluster
    l1_entries = -(-size // (cluster // 8 * cluster))
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, _CLUSTER_BITS, size, 0, l1_entries, l1, table, 1, 0, 0)
    return (header.ljust(cluster, b"\0") + struct.pack(">Q", block).ljust(cluster, b"\0")
            + struct.pack(">4H", 1, 1, 1, 1).ljust(cluster, b"\0") + bytes(cluster))


def ensure(images, context, owner=None, name="tiny"):
    """The public image ``name``, imported for the project ``owner`` when there is none; returns its row."""
    found = images.find(context, name)
    if found is not None:
        return found
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, name)
        with open(path, "wb") as file:
            file.write(qcow2())
        return images.import_file(context, path, name=name, disk_format="qcow2", visibility="public",
                                **{"project_id": owner} if owner else {})
