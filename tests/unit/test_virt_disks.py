"""A guest's files: overlays that qemu-img finds no fault with, config drives that read back, paths only from ids."""

import io
import json
import os
import subprocess

import pycdlib
import pytest

from nova_lite.common import exceptions
from nova_lite.compute.tasks.spec import root_disk
from nova_lite.virt.libvirt import config_drive, disks

ID = "5c1d6a52-8f1b-4a43-9f19-5d3a40a6c1f0"
GIB = 1 << 30


@pytest.fixture
def files(tmp_path):
    made = disks.Files.of(tmp_path, ID)
    made.make()
    return made


def raw(path, size):
    path.touch()
    os.truncate(path, size)
    return str(path)


def qemu_img(*arguments):
    return subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("size", [512, 47 * 1024 * 1024 + 512, GIB, 10 * GIB, 9 << 40])
@pytest.mark.parametrize("base_format", [None, "raw", "qcow2"])
def test_qemu_img_finds_no_fault_with_an_overlay(tmp_path, size, base_format):
    base = None
    if base_format:
        base = str(tmp_path / f"base.{base_format}")
        qemu_img("create", "-q", "-f", base_format, base, "512")
    path = tmp_path / "disk"
    path.write_bytes(disks.overlay(size, base, base_format))
    qemu_img("check", "-q", "-f", "qcow2", str(path))
    info = json.loads(qemu_img("info", "--output=json", "-f", "qcow2", str(path)))
    assert info["virtual-size"] == size
    assert info.get("backing-filename") == base
    assert info.get("backing-filename-format") == base_format


def test_a_disk_is_made_once_and_kept(files, tmp_path):
    disk = root_disk(raw(tmp_path / "base", 1000), "raw", 1)
    disks.ensure(files, disk)
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 512", files.disk], check=True, capture_output=True)
    with open(files.disk, "rb") as written:
        before = written.read()
    disks.ensure(files, disk)
    with open(files.disk, "rb") as kept:
        assert kept.read() == before
    assert disks.with_backing(files, root_disk(None, None, 1)).source == disk.source


@pytest.mark.parametrize("damage", [b"", b"QFI\xfb", b"\0" * 200, b"#!/bin/sh"])
def test_a_damaged_disk_is_made_anew(files, damage):
    with open(files.disk, "wb") as broken:
        broken.write(damage)
    with pytest.raises(exceptions.HypervisorError, match="gone or damaged"):
        disks.with_backing(files, root_disk(None, None, 1))
    disks.ensure(files, root_disk(None, None, 1))
    assert disks.with_backing(files, root_disk(None, None, 1)).source.backing is None


def test_size_zero_is_the_size_of_the_base(files, tmp_path):
    disks.ensure(files, root_disk(raw(tmp_path / "base", 1000), "raw", 0))
    assert disks.virtual_size(files.disk, "qcow2") == 1024
    qemu_img("create", "-q", "-f", "qcow2", str(tmp_path / "base.qcow2"), "3G")
    disks.ensure(files, root_disk(str(tmp_path / "base.qcow2"), "qcow2", 0))
    assert disks.virtual_size(files.disk, "qcow2") == 3 * GIB


def test_a_disk_smaller_than_its_base_is_refused(files, tmp_path):
    with pytest.raises(exceptions.DiskTooSmall) as refused:
        disks.ensure(files, root_disk(raw(tmp_path / "base", GIB + 1), "raw", 1))
    assert (refused.value.flavor_bytes, refused.value.image_bytes) == (GIB, GIB + 512)
    assert not os.path.exists(files.disk)


@pytest.mark.parametrize("disk", [
    (None, None, 0), ("/nowhere", "qcow2", 1), ("/nowhere", "raw", 1), ("/dev/null", "qcow2", 1),
    ("/etc/passwd", "qcow2", 1), ("/etc/passwd", "vmdk", 1)])
def test_a_base_of_another_format_than_stated_is_refused(files, disk):
    with pytest.raises(exceptions.HypervisorError):
        disks.ensure(files, root_disk(*disk))
    assert not os.path.exists(files.disk)


@pytest.mark.parametrize("server_id", ["", "..", "../x", "a/b", ID + "/..", ID.upper(), ID + "\n", "instance-00000001"])
def test_a_path_is_made_only_of_a_uuid(tmp_path, server_id):
    with pytest.raises(ValueError, match="not a server id"):
        disks.Files.of(tmp_path, server_id)


def test_a_guests_directory_can_be_passed_and_not_listed(files):
    assert os.stat(files.directory).st_mode & 0o777 == 0o711
    disks.ensure(files, root_disk(None, None, 1))
    assert os.stat(files.disk).st_mode & 0o777 == 0o600
    for _ in range(2):
        files.remove()
    assert not os.path.exists(files.directory)


def test_a_link_in_the_place_of_a_disks_draft_is_not_followed(files, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.symlink(victim, f"{files.disk}.new")
    with pytest.raises(OSError):
        disks.ensure(files, root_disk(None, None, 1))
    assert victim.read_text() == "precious"


def test_a_config_drive_reads_back_by_both_kinds_of_names():
    names = ("meta_data.json", "network_data.json", "user_data")
    documents = {f"openstack/{version}/{name}": f"{version} {name}".encode()
                 for version in ("2012-08-10", "latest") for name in names}
    documents["ec2/latest/meta-data.json"] = b""
    drive = pycdlib.PyCdlib()
    drive.open_fp(io.BytesIO(config_drive.image(documents)))
    assert drive.pvd.volume_identifier.decode().strip() == "config-2"
    for path, content in documents.items():
        for kind in ("rr_path", "joliet_path"):
            read = io.BytesIO()
            drive.get_file_from_iso_fp(read, **{kind: f"/{path}"})
            assert read.getvalue() == content
    drive.close()
