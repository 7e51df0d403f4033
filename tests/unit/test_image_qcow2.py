"""qcow2 files that QEMU would refuse, or whose guests would read what is not there."""

import shutil
import struct
import subprocess

import pytest

from nova_lite.common import exceptions
from nova_lite.image import builtin, qcow2
from nova_lite.image.receive import Receiver
from tests import image_service
from tests.unit.test_image_inspect import verdict

#: name of a field -> (its place, its form): QEMU's docs/interop/qcow2.txt
FIELDS = {"cluster_bits": (20, ">I"), "size": (24, ">Q"), "crypt_method": (32, ">I"), "l1_size": (36, ">I"),
          "l1_table_offset": (40, ">Q"), "refcount_table_offset": (48, ">Q"), "refcount_table_clusters": (56, ">I"),
          "nb_snapshots": (60, ">I"), "snapshots_offset": (64, ">Q"), "refcount_order": (96, ">I"),
          "header_length": (100, ">I")}


def with_fields(**fields):
    data = bytearray(image_service.qcow2())
    for name, value in fields.items():
        place, form = FIELDS[name]
        struct.pack_into(form, data, place, value)
    return bytes(data)


@pytest.mark.parametrize(("fields", "why"), [
    ({"crypt_method": 1}, r"encrypted \(AES\)"), ({"crypt_method": 2}, r"encrypted \(LUKS\)"),
    ({"crypt_method": 77}, "encrypted"),
    ({"cluster_bits": 8}, "cluster_bits are 8"), ({"cluster_bits": 22}, "cluster_bits are 22"),
    ({"cluster_bits": 0}, "cluster_bits are 0"), ({"cluster_bits": 0xffffffff}, "cluster_bits are 4294967295"),
    ({"l1_size": 0}, "L1 table has 0 entries, and needs 32"), ({"l1_size": 31}, "needs 32"),
    ({"l1_size": 0x7fffffff}, "4194304 are allowed"), ({"l1_size": 4 << 20}, "cut short: its L1 table ends"),
    ({"l1_table_offset": 0}, "no cluster"), ({"l1_table_offset": 1537}, "no cluster"),
    ({"l1_table_offset": 1 << 62}, "cut short"),
    ({"refcount_table_clusters": 0}, "refcount table has 0"),
    ({"refcount_table_clusters": 0x7fffffff}, "refcount table has"), ({"refcount_table_offset": 8192}, "cut short"),
    ({"nb_snapshots": 65537, "snapshots_offset": 512}, "65537 snapshots"),
    ({"nb_snapshots": 9, "snapshots_offset": 1 << 40}, "cut short: its snapshot table"),
    ({"refcount_order": 7}, "refcount_order is 7"), ({"header_length": 0}, "header_length is 0"),
    ({"header_length": 1 << 31}, "header_length is")])
def test_a_header_that_qemu_refuses_is_refused(fields, why):
    with pytest.raises(exceptions.ImageRejected, match=why):
        verdict("qcow2", with_fields(**fields))


@pytest.mark.parametrize("size", [1 << 40, 1 << 61, (1 << 64) - 1])
def test_a_size_that_no_guest_can_have_is_a_bad_request(size):
    with pytest.raises(exceptions.BadRequest, match=f"virtual size of the image is {size} bytes; the limit"):
        verdict("qcow2", with_fields(size=size))


def real(tmp_path, *options, data=b"x"):
    """The path of a qcow2 file as qemu-img makes it, with some data in it."""
    raw, path = tmp_path / "raw", tmp_path / "disk.qcow2"
    raw.write_bytes(data * (5 << 20) + bytes(3 << 20))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, raw, path], check=True)
    return path


def received(path):
    """The virtual size of a qcow2 file as one that was received.  :raises ImageRejected:"""
    with open(path, "rb") as source, open(f"{path}.received", "w+b") as file:
        return Receiver(file, "qcow2", 1 << 30).take(source).virtual_size


needs_qemu_img = pytest.mark.skipif(not shutil.which("qemu-img"), reason="no qemu-img here")


@needs_qemu_img
@pytest.mark.slow
@pytest.mark.parametrize("options", [
    (), ("-c",), ("-o", "compat=0.10"), ("-o", "cluster_size=2M"), ("-o", "cluster_size=512"),
    ("-o", "preallocation=metadata"), ("-o", "refcount_bits=1"), ("-o", "lazy_refcounts=on")], ids=" ".join)
def test_a_qcow2_of_qemu_img_is_accepted_and_a_truncated_one_is_refused(tmp_path, options):
    path = real(tmp_path, *options)
    whole = path.read_bytes()
    assert received(path) == 8 << 20
    for length in (200, len(whole) // 3, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(exceptions.ImageRejected):
            received(path)


@needs_qemu_img
def test_a_luks_image_of_qemu_img_is_refused(tmp_path):
    path = tmp_path / "secret.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    with open(path, "r+b") as file:         # qemu-img itself measures the machine first, and fails on a busy one
        file.seek(32)
        file.write(struct.pack(">I", 2))    # crypt_method
    with pytest.raises(exceptions.ImageRejected, match="LUKS"):
        received(path)


@pytest.mark.slow
def test_a_table_that_is_named_a_million_times_is_read_once(tmp_path, monkeypatch):
    cluster, entries = 512, 4 << 20
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, 9, 1 << 20, 0, entries, 3 * cluster, cluster, 1, 0, 0)
    l2 = 3 * cluster + entries * 8
    path = tmp_path / "hostile"
    path.write_bytes(header.ljust(3 * cluster, b"\0") + struct.pack(">Q", l2 | 1 << 63) * entries + bytes(cluster))
    asked = []
    monkeypatch.setattr(qcow2, "_check_l2", lambda *args: asked.append(args))
    assert received(path) == 1 << 20
    assert len(asked) == 1


def test_the_builtin_image_is_whole(tmp_path):
    path = tmp_path / "tiny"
    path.write_bytes(builtin.qcow2())
    assert received(path) == 1 << 20
