"""Ephemeral disks and swap: what a flavor and a request make of them, and their files."""

import os
import shutil
import subprocess
import types

import pytest

from nova_lite.common import exceptions, local_disks
from nova_lite.common.local_disks import LocalDisk
from nova_lite.compute.tasks.spec import local_disk, root_disk
from nova_lite.virt.libvirt import disks
from nova_lite.virt.libvirt import local_disks as on_host

ID = "5c1d6a52-8f1b-4a43-9f19-5d3a40a6c1f0"
MIB = 1 << 20


def flavor(ephemeral_gb=2, swap_mb=512):
    return types.SimpleNamespace(ephemeral_gb=ephemeral_gb, swap_mb=swap_mb)


def asked(format=None, size_mb=None, **more):
    return {"format": format, "size_mb": size_mb, "bus": None, "boot_index": None, "tag": None, **more}


def summary(made):
    return [(each.name, each.size_mb) for each in made]


@pytest.mark.parametrize(("wanted", "found"), [
    ([], [("disk.eph0", 2048), ("disk.swap", 512)]),
    ([asked("ext3", "1024")], [("disk.eph0", 1024), ("disk.swap", 512)]),
    ([asked(None, "1024"), asked(None, "512"), asked("swap", "256")],
     [("disk.eph0", 1024), ("disk.eph1", 512), ("disk.swap", 256)]),
    ([asked("swap")], [("disk.eph0", 2048), ("disk.swap", 512)]),
    ([asked("swap", "4096")], [("disk.eph0", 2048), ("disk.swap", 512)])])
def test_disks_that_a_request_leaves_out_are_the_flavors(wanted, found):
    assert summary(local_disks.of(flavor(), wanted)) == found
    assert local_disks.of(flavor(0, 0), []) == ()


def test_an_ephemeral_disk_grows_and_never_shrinks_while_swap_may():
    sizes = {gb: local_disks.of(flavor(gb, 512 * gb), []) for gb in (0, 1, 2)}
    assert local_disks.can_become(sizes[1], sizes[2]) and local_disks.can_become(sizes[0], sizes[1])
    assert not local_disks.can_become(sizes[2], sizes[1]) and not local_disks.can_become(sizes[1], sizes[0])
    assert local_disks.can_become(local_disks.of(flavor(1, 512), []), local_disks.of(flavor(1, 0), []))


@pytest.fixture
def files(tmp_path, conf):
    made = disks.Files.of(tmp_path, ID)
    made.make()
    return made


EPHEMERAL, SWAP = local_disk(LocalDisk("disk.eph0", 16)), local_disk(LocalDisk("disk.swap", 8, "swap"))


def blkid(path, what):
    return subprocess.run(["blkid", "-p", "-o", "value", "-s", what, path], capture_output=True, text=True,
                          check=True).stdout.strip()


@pytest.mark.parametrize("format", ["ext2", "ext3", "ext4"])
def test_files_are_formatted_sparse_and_kept_by_a_repeat(files, format):
    on_host.ensure(files, (EPHEMERAL, SWAP), format)
    path, swap = (files.path(each.source) for each in (EPHEMERAL, SWAP))
    assert (blkid(path, "TYPE"), blkid(path, "LABEL"), blkid(swap, "TYPE")) == (format, "ephemeral0", "swap")
    with open(path, "r+b") as written:
        written.seek(15 * MIB)
        written.write(b"mine")
    on_host.ensure(files, (EPHEMERAL, SWAP), format)
    with open(path, "rb") as kept:
        assert kept.read()[15 * MIB:].startswith(b"mine")
    assert on_host.problem(files) == ""


def test_a_disk_whose_format_fails_is_removed(files, monkeypatch):
    monkeypatch.setitem(on_host._COMMANDS, "xfs", ("mkfs.none", "-L"))
    with pytest.raises(exceptions.HypervisorError, match="formatted as xfs"):
        on_host.ensure(files, (local_disk(LocalDisk("disk.eph0", 16, "xfs")),), "ext4")
    assert on_host.ephemeral(files) == []


def test_a_lost_ephemeral_disk_is_refused_and_lost_swap_is_made_anew(files):
    on_host.ensure(files, (EPHEMERAL, SWAP), "ext4")
    os.unlink(os.path.join(files.directory, "disk.swap"))
    on_host.require(files, (EPHEMERAL, SWAP), "ext4")
    assert blkid(os.path.join(files.directory, "disk.swap"), "TYPE") == "swap"
    os.unlink(os.path.join(files.directory, "disk.eph0"))
    assert on_host.problem(files).endswith("disk.eph0 is gone")
    with pytest.raises(exceptions.HypervisorError, match="disk.eph0 is gone"):
        on_host.require(files, (EPHEMERAL, SWAP), "ext4")


def test_a_resize_grows_and_adds_disks_and_its_revert_undoes_both(files):
    on_host.ensure(files, (EPHEMERAL,), "ext4")
    path = os.path.join(files.directory, "disk.eph0")
    shutil.copy(path, on_host.before_resize(path, "one"))
    larger = (local_disk(LocalDisk("disk.eph0", 32)), local_disk(LocalDisk("disk.eph1", 16)), SWAP)
    for _ in range(2):
        on_host.resize(files, larger, "ext4")
        assert [os.stat(each).st_size // MIB for each in on_host.ephemeral(files)] == [32, 16]
    for _ in range(2):
        on_host.revert(files, "one", (EPHEMERAL,))
        assert [os.stat(each).st_size // MIB for each in on_host.ephemeral(files)] == [16]
    assert sorted(os.listdir(files.directory)) == ["disk.eph0", "disk.list"]


def test_the_survey_of_a_hosts_files_finds_a_lost_ephemeral_disk(files, tmp_path):
    disks.ensure(files, root_disk(None, None, 1))
    on_host.ensure(files, (EPHEMERAL, SWAP), "ext4")
    assert on_host.survey(str(tmp_path)) == {ID: ""}
    os.unlink(os.path.join(files.directory, "disk.eph0"))
    assert on_host.survey(str(tmp_path))[ID].endswith("disk.eph0 is gone")
