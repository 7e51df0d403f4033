"""The sandbox of tools: limits that hold, and no call of qemu-img outside it."""

import json
import os
import re
import shutil
import time

import pytest

import nova_lite
from nova_lite.common import exceptions, sandbox
from nova_lite.image import builtin

ROOT = os.path.dirname(nova_lite.__file__)
needs_qemu_img = pytest.mark.skipif(not shutil.which("qemu-img"), reason="qemu-img is not installed")


def limits(**changed):
    return sandbox.Limits(**{"cpu_seconds": 5, "memory": 512 << 20, "seconds": 10} | changed)


def test_the_output_of_a_sandboxed_tool_is_returned():
    assert sandbox.run(["echo", "hello"], limits()) == b"hello\n"


def test_a_tool_that_fails_says_why():
    with pytest.raises(exceptions.ToolFailed) as caught:
        sandbox.run(["sh", "-c", "echo broken >&2; exit 3"], limits())
    assert (caught.value.code, caught.value.error) == (3, "broken")


def test_a_tool_that_is_not_there_fails():
    with pytest.raises(exceptions.ToolFailed):
        sandbox.run(["no-such-tool-here"], limits())


def test_a_sandboxed_tool_and_its_children_end_at_the_timeout():
    started = time.monotonic()
    with pytest.raises(exceptions.ToolLimited, match="time"):
        sandbox.run(["sh", "-c", "sleep 54321 & sleep 54321"], limits(seconds=0.5))
    assert time.monotonic() - started < 60
    while [each for each in os.listdir("/proc") if each.isdigit() and b"54321" in _command(each)]:
        assert time.monotonic() - started < 120, "its children live on"
        time.sleep(0.01)


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


@pytest.mark.slow
def test_the_cpu_time_of_a_tool_is_limited():                                         # CVE-2015-5162
    with pytest.raises(exceptions.ToolLimited, match="CPU time"):
        sandbox.run(["sh", "-c", "while :; do :; done"], limits(cpu_seconds=1))


def test_the_memory_of_a_tool_is_limited():
    with pytest.raises(exceptions.ToolFailed):
        sandbox.run(["python3", "-c", "bytearray(400 << 20)"], limits(memory=128 << 20))


def test_the_size_of_files_that_a_tool_writes_is_limited(tmp_path):
    with pytest.raises((exceptions.ToolLimited, exceptions.ToolFailed)):
        sandbox.run(["dd", "if=/dev/zero", f"of={tmp_path}/big", "bs=1M", "count=8"], limits(file_size=2 << 20))
    assert os.path.getsize(tmp_path / "big") <= 2 << 20


def test_a_tool_sees_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("OS_PASSWORD", "secret")
    assert b"secret" not in sandbox.run(["env"], limits())


def info(path, disk_format):
    """What qemu-img says of a file, as its JSON dict ("-U": it takes no lock)."""
    return json.loads(sandbox.run(["qemu-img", "info", "-U", "--output=json", "-f", disk_format, path],
                                  limits(memory=2 << 30)))


@needs_qemu_img
def test_qemu_img_runs_within_the_limits(tmp_path):
    path = tmp_path / "tiny"
    path.write_bytes(builtin.qcow2())
    assert info(str(path), "qcow2")["virtual-size"] == 1 << 20
    sandbox.run(["qemu-img", "check", "-q", "-f", "qcow2", str(path)], limits(memory=2 << 30))


@needs_qemu_img
def test_disks_are_made_grown_and_converted(tmp_path):
    base, disk, flat = (str(tmp_path / name) for name in ("base", "disk", "flat"))
    sandbox.create(base, "qcow2", 1 << 20)
    sandbox.create(disk, "qcow2", 2 << 20, backing=(base, "qcow2"))
    sandbox.resize(disk, "qcow2", 3 << 20)
    assert info(disk, "qcow2")["virtual-size"] == 3 << 20
    sandbox.convert(disk, "qcow2", flat, "raw")
    assert os.path.getsize(flat) == 3 << 20
    assert os.stat(flat).st_mode & 0o777 == 0o600               # it is a copy of a guest's disk


def test_a_format_is_never_left_to_guessing():
    with pytest.raises(ValueError, match="disk format"):
        sandbox.resize("/dev/null", None, 1)
    with pytest.raises(ValueError, match="disk format"):
        sandbox.create("/nowhere", "vmdk", 1)


def test_qemu_img_is_named_in_the_sandbox_alone():                      # CVE-2026-24708: one call forgot "-f"
    strays = []
    for folder, _, names in os.walk(ROOT):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and not path.endswith("common/sandbox.py"):
                with open(path) as file:
                    strays += [path for line in file if re.search(r"""\[["']qemu-(img|io|nbd)["']""", line)]
    assert strays == []
