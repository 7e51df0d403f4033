"""A libvirtd of the tests' own, and drivers on it; no domain but theirs is ever touched."""

import contextlib
import os
import shutil
import signal
import tempfile
import uuid

import pytest
from oslo_config import cfg

from nova_lite import conf as options
from nova_lite.virt.libvirt import domains
from nova_lite.virt.libvirt.daemon import Daemon
from nova_lite.virt.spec import GuestSpec
from tests import clouds, ports_and_ranges, tiny_guest

GREETING = "hello from the smallest guest\r\n"


def configuration(state_dir, **libvirt):
    """An oslo.config of its own, not the process's."""
    conf = cfg.ConfigOpts()
    options.register(conf)
    conf([], default_config_files=[])
    conf.set_override("state_dir", str(state_dir))
    conf.set_override("host", "tests")
    for name, value in libvirt.items():
        conf.set_override(name, value, "libvirt")
    return conf


def spec(*disks, **fields):
    """A GuestSpec of a server that exists nowhere else."""
    server_id = str(uuid.uuid4())
    return GuestSpec(**{
        "id": server_id, "name": f"instance-{server_id[:8]}", "title": "a test", "project_id": uuid.uuid4().hex,
        "user_id": uuid.uuid4().hex, "vcpus": 1, "memory_mb": 64, "disks": disks} | fields)


def private_libvirtd():
    """Yield a nova_lite.virt.libvirt.daemon.Daemon in a directory that QEMU's user may pass, then remove all of it."""
    home = tempfile.mkdtemp(prefix="nl-libvirt-", dir="/var/tmp")
    os.chmod(home, 0o755)
    daemon = Daemon(home, private=True, vnc_ports=ports_and_ranges.screens())
    try:
        daemon.start()
        yield daemon
    finally:
        _kill_guests(home)
        daemon.stop()
        shutil.rmtree(home)


def pid_of(daemon):
    """libvirtd's own process id."""
    with open(daemon.home / "run" / "libvirtd.pid") as file:
        return int(file.read())


def kill(daemon):
    """kill -9 libvirtd alone; its parent starts it anew."""
    pid = pid_of(daemon)
    os.kill(pid, signal.SIGKILL)
    clouds.until("libvirtd is gone", lambda: not os.path.exists(f"/proc/{pid}"))


@contextlib.contextmanager
def hung(daemon):
    """Freeze libvirtd for the time of the block: its socket stays open and nothing answers."""
    pid = pid_of(daemon)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def forget(live, server_id):
    """Remove a domain, running or not, as a person with virsh would; where there is none, nothing."""
    domains.forget(live, server_id)


def processes(program, below):
    """Process ids of a program (bytes, a part of its name) whose command line names a file below a directory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/cmdline", "rb") as words:
            arguments = words.read()
            if program in arguments.split(b"\0")[0] and os.fsencode(below) in arguments:
                found.append(int(pid))
    return found


def kill_processes(program, below):
    """kill -9 them, and return when they are gone."""
    killed = processes(program, below)
    for pid in killed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    clouds.until("they are gone", lambda: not set(killed) & set(processes(program, below)), 10)


def _kill_guests(home):
    """End every QEMU whose files are below ``home``."""
    kill_processes(b"qemu-system", home)


@pytest.fixture(scope="session")
def libvirtd():
    yield from private_libvirtd()


@pytest.fixture
def state_dir(libvirtd):
    path = tempfile.mkdtemp(prefix="state-", dir=libvirtd.run_dir)
    os.chmod(path, 0o755)
    yield path
    _kill_guests(path)


@pytest.fixture
def tiny_image(state_dir):
    """Path of a raw image that greets and obeys its power button."""
    path = os.path.join(state_dir, "tiny.raw")
    with open(path, "wb") as image:
        image.write(tiny_guest.disk(GREETING))
    os.chmod(path, 0o644)
    return path
