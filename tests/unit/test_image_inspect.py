"""What images are taken for, and which are refused (published holes: facts in the names of the tests)."""

import random

import pytest

from nova_lite.common import exceptions
from nova_lite.image import builtin, inspect
from tests.image_service import BACKED, DATA_FILE, QED, UNKNOWN_FEATURE, VMDK_EXTENT, qcow2

PARTITIONED = bytes(446) + bytes((0x80, 1, 1, 0, 0x83, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0)) + bytes(48) + b"\x55\xaa" \
    + bytes(4096)


def verdict(disk_format, data, step=1000):
    inspection = inspect.Inspection(disk_format)
    for start in range(0, len(data), step):
        inspection.write(data[start:start + step])
    return inspection.verdict()


def test_a_qcow2_has_the_virtual_size_that_its_guest_will_see():
    assert verdict("qcow2", qcow2(size=10 << 40)) == 10 << 40          # CVE-2013-2096: compute compares it


@pytest.mark.parametrize("step", [1, 511, 512, 1 << 20])
def test_the_verdict_does_not_depend_on_how_the_bytes_arrive(step):
    assert verdict("qcow2", qcow2(), step) == 1 << 20
    with pytest.raises(exceptions.ImageRejected):
        verdict("qcow2", BACKED, step)


@pytest.mark.parametrize("data", [BACKED, DATA_FILE, UNKNOWN_FEATURE, qcow2(version=1)],
                         ids=["CVE-2015-5163 backing file", "CVE-2024-32498 data file", "unknown feature", "version 1"])
def test_a_qcow2_that_points_elsewhere_or_hides_something_is_refused(data):
    with pytest.raises(exceptions.ImageRejected, match="safety checks"):
        verdict("qcow2", data)


def test_a_vmdk_whose_extent_names_a_path_is_refused():                 # CVE-2022-47951
    with pytest.raises(exceptions.ImageRejected, match="safety checks"):
        verdict("vmdk", VMDK_EXTENT)


@pytest.mark.parametrize("data", [qcow2(), BACKED, DATA_FILE, VMDK_EXTENT, QED, qcow2()[:104], qcow2(padding=300),
                                  VMDK_EXTENT[:150]])
def test_other_data_declared_raw_is_refused(data):  # CVE-2024-40767, also where the head is cut off
    with pytest.raises(exceptions.ImageRejected, match="disk_format raw does not match stream data"):
        verdict("raw", data)


def test_a_raw_disk_may_be_anything_without_a_format_of_its_own():
    noise = random.Random(7).randbytes(100_000)
    assert verdict("raw", noise) == 100_000
    assert verdict("raw", PARTITIONED) == len(PARTITIONED)
    assert verdict("raw", b"x") == 1


@pytest.mark.parametrize("declared", ["qcow2", "vmdk", "vhd", "vhdx", "vdi", "iso", "ploop"])
def test_a_raw_file_is_no_other_format(declared):
    with pytest.raises(exceptions.ImageRejected, match=f"disk_format {declared} does not match stream data raw"):
        verdict(declared, bytes(100_000))


def test_kernels_and_ramdisks_have_no_format_and_no_virtual_size():
    assert verdict("aki", qcow2()) is None


def test_a_banned_format_is_refused_under_every_name():
    for declared in ("raw", "qcow2", "vmdk"):
        with pytest.raises(exceptions.ImageRejected):
            verdict(declared, QED)


def test_the_tiny_image_is_a_good_qcow2():
    assert verdict("qcow2", builtin.qcow2()) == 1 << 20
