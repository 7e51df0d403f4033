"""Chaos with a fixed seed; longer, and with others, by ``tools/test.sh faults --minutes N --seed S``."""

import os
import shutil
import tempfile

import pytest

from tests.faults.real import chaos

MINUTES = os.environ.get("NOVA_LITE_CHAOS_MINUTES")
SEED = int(os.environ.get("NOVA_LITE_CHAOS_SEED", "20261"))


@pytest.fixture
def home():
    """A directory that QEMU's user may pass."""
    path = tempfile.mkdtemp(prefix="chaos-", dir="/var/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def told(report):
    assert report.good, f"{report}\n{report.problems()}"
    assert report.faults.total() >= report.seconds / 10, "hardly anything was broken"
    assert report.accepted > report.seconds / 4, "hardly anything was asked for"


def test_a_cloud_that_is_broken_at_random_keeps_every_promise(broker, postgresql, home):
    seconds = float(MINUTES) * 60 if MINUTES else 90
    told(chaos.run({"bus": broker, "database": postgresql}, home, SEED, seconds))


def test_so_does_one_with_real_guests(broker, postgresql, home):
    from tests.faults.real import real_host
    seconds = float(MINUTES) * 60 if MINUTES else 120
    with real_host.prepared() as real:
        told(chaos.run({"bus": broker, "database": postgresql}, home, SEED, seconds, driver="libvirt", **real))
