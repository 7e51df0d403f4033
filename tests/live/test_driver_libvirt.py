"""The libvirt driver keeps the drivers' contract with real guests, and what only a real hypervisor can show."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import time

import libvirt
import pytest

from nova_lite.common import exceptions
from nova_lite.compute.tasks.spec import config_drive_disk, root_disk
from nova_lite.objects.states import Power
from nova_lite.virt import driver as contract
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import probe
from nova_lite.virt.libvirt.xml.domain import Domain
from nova_lite.virt.spec import Vif
from tests import hypervisor, on_eventlet, ports_and_ranges
from tests.driver_contract import DriverContract, eventually, nics
from tests.hypervisor import libvirtd, state_dir, tiny_image  # noqa: F401

BRIDGE, TAP = f"nlbtest{ports_and_ranges.number()}", f"taptest{ports_and_ranges.number()}"


@pytest.fixture
def conf(libvirtd, state_dir):  # noqa: F811
    return hypervisor.configuration(state_dir, connection_uri=libvirtd.uri, call_timeout=5, acpi_interval=1)


@pytest.fixture
def raw(libvirtd):  # noqa: F811
    """A connection of libvirt's own, and after the test no domain."""
    live = libvirt.open(libvirtd.uri)
    yield live
    live.close()
    again = libvirt.open(libvirtd.uri)          # a test may have restarted libvirtd
    for domain in again.listAllDomains():
        if domain.isActive():
            domain.destroy()
        domain.undefine()
    again.close()


@pytest.fixture
def new_driver(conf, raw):
    made = []

    def new(conf=conf):
        made.append(contract.load("libvirt", conf))
        return made[-1]
    yield new
    for each in made:
        each.close()


@pytest.fixture
def driver(new_driver):
    return new_driver()


@pytest.fixture
def spec(tiny_image):  # noqa: F811
    return hypervisor.spec(root_disk(tiny_image, "raw", 0))


@pytest.fixture
def forget(raw):
    return lambda server_id: raw.lookupByUUIDString(server_id).undefine()


@pytest.fixture
def bridge():
    subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
    yield BRIDGE
    subprocess.run(["ip", "link", "del", BRIDGE], check=True)


@pytest.fixture
def volume(state_dir):  # noqa: F811
    return virt.Disk(virt.File(sparse(os.path.join(state_dir, "volume"))), serial="volume-1", bus="virtio")


def sparse(path):
    """Make a file of 4 MiB of nothing; its path."""
    with open(path, "wb") as file:
        file.truncate(4 << 20)
    return path


@contextlib.contextmanager
def nbd_server(path, socket):
    """Serve a raw file over NBD on a Unix socket that QEMU may open."""
    server = subprocess.Popen(["qemu-nbd", "-f", "raw", "-k", socket, "-t", path])
    try:
        assert eventually(lambda: os.path.exists(socket))
        os.chmod(socket, 0o666)
        yield virt.Network("nbd", None, (virt.NetworkHost(socket=socket),))
    finally:
        server.terminate()
        server.wait()


def greeted(driver, spec, times=1):
    """Wait until the guest has booted ``times`` times."""
    assert eventually(lambda: driver.console.log(spec.id, 10000).count(b"hello") >= times), \
        driver.console.log(spec.id, 10000)


def directory(conf, spec):
    return os.path.join(conf.state_dir, "instances", spec.id)


def qemu_of(spec):
    """Process ids of the guest's QEMU."""
    found = subprocess.run(["pgrep", "-f", f"qemu-system.*-uuid {spec.id}"], stdout=subprocess.PIPE, text=True,
                           check=False)
    return [int(pid) for pid in found.stdout.split()]


class TestLibvirt(DriverContract):
    pass


@pytest.mark.both_modes
def test_a_guest_that_shuts_down_in_time_is_not_destroyed(driver, spec):
    driver.build.spawn(spec)
    greeted(driver, spec)
    began = time.monotonic()
    driver.power.stop(spec.id, 30)
    assert time.monotonic() - began < 30


def test_a_guest_that_keeps_a_nic_is_asked_as_often_as_configured(new_driver, conf, spec, bridge, raw):
    conf.set_override("device_detach_attempts", 2, group="libvirt")
    conf.set_override("device_detach_timeout", 1, group="libvirt")
    driver = new_driver()
    nic = Vif(mac="fa:16:3e:00:00:07", tap=TAP, bridge=bridge, mtu=1500)
    wired = dataclasses.replace(spec, vifs=(nic,))
    driver.build.spawn(wired)
    greeted(driver, spec)
    driver.pause.pause(spec.id)             # its processors answer nobody
    began = time.monotonic()
    with pytest.raises(exceptions.HypervisorError, match="does not let go"):
        driver.interfaces.detach(spec.id, nic.mac)
    assert time.monotonic() - began >= 2
    with pytest.raises(exceptions.Cancelled):
        driver.interfaces.detach(spec.id, nic.mac, lambda: True)
    assert nic.mac not in raw.lookupByUUIDString(spec.id).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    driver.interfaces.attach(wired, nic.mac)                    # the undo of what failed
    assert nic.mac in raw.lookupByUUIDString(spec.id).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    driver.power.stop(spec.id, 0)
    driver.power.start(wired)
    assert nics(driver, spec) == 1


def disks_of(raw, spec, flags=0):
    """[xml.domain.Disk] of a guest that runs."""
    return Domain.parse(raw.lookupByUUIDString(spec.id).XMLDesc(flags)).disks


def test_an_nbd_disk_is_plugged_into_a_running_guest_and_its_definition(driver, raw, spec, volume, state_dir):  # noqa: F811
    driver.build.spawn(spec)
    with nbd_server(sparse(os.path.join(state_dir, "exported")), os.path.join(state_dir, "nbd.sock")) as source:
        disk = virt.Disk(source, serial="nbd-1", throttle=virt.DiskThrottle(total_iops_sec=100))
        driver.volumes.attach(spec.id, volume)
        driver.volumes.attach(spec.id, disk)
        for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
            found = {each.serial: each for each in disks_of(raw, spec, flags)}
            assert (found["volume-1"].target, found["nbd-1"].target) == ("vdb", "vdc")
            assert (found["nbd-1"].protocol, found["nbd-1"].hosts[0].socket) == ("nbd", source.hosts[0].socket)
            assert found["nbd-1"].total_iops_sec == 100
        driver.power.stop(spec.id, 0)
        driver.volumes.detach(spec.id, volume)
        driver.volumes.detach(spec.id, disk)
        driver.power.start(spec)
        assert [each.target for each in disks_of(raw, spec)] == ["vda"]


@pytest.mark.both_modes
def test_a_detach_returns_when_the_running_guest_has_let_go_of_the_volume(new_driver, conf, raw, spec, volume):
    conf.set_override("device_detach_timeout", 30, group="libvirt")
    driver = new_driver()
    scsi = dataclasses.replace(volume, bus="scsi")          # which needs no consent of the guest
    driver.build.spawn(dataclasses.replace(spec, disks=(*spec.disks, scsi)))
    began = time.monotonic()
    driver.volumes.detach(spec.id, scsi)
    assert time.monotonic() - began < 30
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        assert [each.target for each in disks_of(raw, spec, flags)] == ["vda"]
    driver.volumes.attach(spec.id, scsi)
    assert [each.target for each in disks_of(raw, spec)] == ["vda", "sda"]


def test_a_volume_that_libvirt_refuses_leaves_the_guest_as_it_was(driver, raw, spec, state_dir):  # noqa: F811
    driver.build.spawn(spec)
    lost = virt.Disk(virt.File(os.path.join(state_dir, "nowhere")), serial="volume-1")
    with pytest.raises(exceptions.HypervisorError):
        driver.volumes.attach(spec.id, lost)
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        assert [each.target for each in disks_of(raw, spec, flags)] == ["vda"]


def test_a_guest_that_keeps_a_volume_is_asked_as_often_as_configured(new_driver, conf, spec, volume, raw):
    conf.set_override("device_detach_attempts", 2, group="libvirt")
    conf.set_override("device_detach_timeout", 1, group="libvirt")
    driver = new_driver()
    driver.build.spawn(dataclasses.replace(spec, disks=(*spec.disks, volume)))
    greeted(driver, spec)
    driver.pause.pause(spec.id)             # its processors answer nobody
    began = time.monotonic()
    with pytest.raises(exceptions.HypervisorError, match="does not let go of the disk"):
        driver.volumes.detach(spec.id, volume)
    assert time.monotonic() - began >= 2
    with pytest.raises(exceptions.Cancelled):
        driver.volumes.detach(spec.id, volume, lambda: True)
    assert len(disks_of(raw, spec)) == 2
    assert len(disks_of(raw, spec, libvirt.VIR_DOMAIN_XML_INACTIVE)) == 1


@pytest.mark.both_modes
def test_a_guest_that_ignores_the_shutdown_is_destroyed(driver):
    spec = hypervisor.spec(root_disk(None, None, 1))
    driver.build.spawn(spec)
    began = time.monotonic()
    driver.power.stop(spec.id, 1)
    assert 1 <= time.monotonic() - began < 30
    assert driver.power.state(spec.id) is Power.SHUTDOWN


@pytest.mark.both_modes
def test_a_guest_whose_qemu_dies_is_reported_as_off(driver, spec):
    reported = []
    driver.host.watch(lambda *change: reported.append(change))
    driver.build.spawn(spec)
    for pid in qemu_of(spec):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: (spec.id, Power.SHUTDOWN) in reported), reported


@pytest.mark.both_modes
def test_a_pause_by_another_client_is_reported(driver, raw, spec):
    reported = []
    driver.host.watch(lambda *change: reported.append(change[1]))
    driver.build.spawn(spec)
    domain = raw.lookupByUUIDString(spec.id)
    domain.suspend()
    assert eventually(lambda: Power.PAUSED in reported), reported
    assert driver.power.state(spec.id) is Power.PAUSED
    domain.resume()
    assert eventually(lambda: reported[-1] is Power.RUNNING), reported


@pytest.mark.both_modes
def test_guests_survive_a_restart_of_libvirtd_and_events_go_on(driver, libvirtd, spec):  # noqa: F811
    reported = []
    driver.host.watch(lambda *change: reported.append(change[1]))
    driver.build.spawn(spec)
    assert eventually(lambda: reported == [Power.RUNNING])
    before = hypervisor.pid_of(libvirtd)
    libvirtd.restart_libvirtd()
    assert eventually(lambda: not os.path.exists(f"/proc/{before}"), 60)
    assert eventually(lambda: answers(driver), 60)
    assert driver.power.state(spec.id) is Power.RUNNING
    driver.guest.diagnostics(spec.id)       # returns once libvirtd is connected to QEMU; before, it reports no death
    for pid in qemu_of(spec):
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: reported == [Power.RUNNING, Power.SHUTDOWN]), reported


def answers(driver):
    try:
        driver.host.check()
    except exceptions.HypervisorUnavailable:
        return False
    return True


@pytest.mark.both_modes
def test_calls_to_a_hung_libvirtd_end_in_time(new_driver, conf, libvirtd):  # noqa: F811
    conf.set_override("call_timeout", 1, "libvirt")
    driver = new_driver()
    driver.host.check()
    with open(libvirtd.home / "run" / "libvirtd.pid") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGSTOP)
    try:
        waits = []
        for _ in range(5):
            began = time.monotonic()
            with pytest.raises(exceptions.HypervisorUnavailable):
                driver.host.guests()
            waits.append(time.monotonic() - began)
        assert max(waits) < 10
        assert min(waits) < 0.5, "the circuit breaker never opened"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: answers(driver), 15)


@pytest.mark.both_modes
def test_a_libvirtd_that_is_not_there_cannot_be_reached(new_driver, conf, tmp_path):
    conf.set_override("connection_uri", f"qemu:///system?socket={tmp_path}/nothing", "libvirt")
    with pytest.raises(exceptions.HypervisorUnavailable, match="cannot be reached"):
        new_driver().host.check()


def test_a_driver_lists_only_guests_of_its_own_cloud(driver, new_driver, libvirtd, spec, raw, tmp_path):  # noqa: F811
    other = new_driver(hypervisor.configuration(tmp_path, connection_uri=libvirtd.uri))
    reported = []
    other.host.watch(lambda *change: reported.append(change))
    assert other.host.guests() == {}
    driver.build.spawn(spec)
    assert driver.host.guests() == {spec.id: Power.RUNNING}
    assert other.host.guests() == {}
    driver.build.destroy(spec.id)
    assert reported == []


def test_a_guest_whose_name_another_domain_has_is_spawned(driver, raw, spec):
    other = raw.defineXML(f"<domain type='qemu'><name>{spec.name}</name><memory>65536</memory>"
                             "<os><type>hvm</type></os></domain>")
    driver.build.spawn(spec)
    driver.power.reset(spec)
    assert driver.power.state(spec.id) is Power.RUNNING
    driver.build.destroy(spec.id)
    assert other.name() == spec.name
    assert raw.lookupByName(spec.name).UUIDString() == other.UUIDString()


@pytest.mark.both_modes
def test_a_failed_spawn_leaves_nothing(driver, conf, raw, spec):
    lost = Vif("fa:16:3e:00:00:01", "tapnowhere0", "nlbnowhere", 1450)
    broken = hypervisor.spec(*spec.disks, vifs=(lost,))
    with pytest.raises(exceptions.HypervisorError, match="nlbnowhere"):
        driver.build.spawn(broken)
    assert raw.listAllDomains() == []
    assert not os.path.exists(directory(conf, broken))


def test_a_disk_too_small_for_the_image_is_refused(driver, conf, state_dir):  # noqa: F811
    path = os.path.join(state_dir, "large.raw")
    with open(path, "wb") as image:
        image.truncate(3 << 30)
    spec = hypervisor.spec(root_disk(path, "raw", 2))
    with pytest.raises(exceptions.DiskTooSmall):
        driver.build.spawn(spec)
    assert not os.path.exists(directory(conf, spec))


@pytest.mark.both_modes
def test_an_interrupted_spawn_is_completed(driver, conf, raw, spec):
    driver.build.spawn(spec)
    raw.lookupByUUIDString(spec.id).destroy()
    driver.build.spawn(spec)
    assert driver.power.state(spec.id) is Power.RUNNING
    raw.lookupByUUIDString(spec.id).destroy()
    boots = driver.console.log(spec.id, 10000).count(b"hello")
    with open(os.path.join(directory(conf, spec), "disk"), "r+b") as disk:
        disk.truncate(100)
    driver.build.spawn(spec)
    greeted(driver, spec, boots + 1)


def test_a_guest_restarted_without_its_image_keeps_its_disk(driver, raw, spec):
    driver.build.spawn(spec)
    greeted(driver, spec)
    driver.power.reset(hypervisor.spec(root_disk(None, None, 0), id=spec.id, name=spec.name))
    greeted(driver, spec, 2)


def test_starting_a_guest_whose_disk_is_gone_raises_an_error(driver, conf, spec):
    driver.build.spawn(spec)
    driver.power.stop(spec.id, 0)
    os.unlink(os.path.join(directory(conf, spec), "disk"))
    with pytest.raises(exceptions.HypervisorError, match="gone or damaged"):
        driver.power.start(spec)


def test_a_nic_joins_its_bridge_and_leaves_with_the_guest(driver, bridge, spec):
    vif = Vif("fa:16:3e:00:00:02", TAP, bridge, 1450)
    wired = hypervisor.spec(*spec.disks, vifs=(vif,))
    driver.build.spawn(wired)
    shown = subprocess.run(["ip", "link", "show", TAP], capture_output=True, text=True, check=True).stdout
    assert f"master {bridge}" in shown
    assert "mtu 1450" in shown
    driver.build.destroy(wired.id)
    assert not os.path.exists(f"/sys/class/net/{TAP}")


@pytest.mark.parametrize("properties", [
    {"hw_machine_type": "pc"}, {"hw_disk_bus": "ide"}, {"hw_disk_bus": "sata"}, {"hw_disk_bus": "scsi"},
    {"hw_video_model": "none"}, {"os_type": "windows"}], ids=str)
def test_guests_boot_from_every_kind_of_hardware(driver, spec, properties):
    drive = config_drive_disk({"openstack/latest/user_data": b"x"})
    other = hypervisor.spec(*spec.disks, drive, image_properties=properties)
    driver.build.spawn(other)
    greeted(driver, other)


def test_a_guests_files_are_readable_by_their_owner_alone(driver, conf, spec):
    secretive = hypervisor.spec(*spec.disks, config_drive_disk({"openstack/latest/meta_data.json": b"{}"}))
    driver.build.spawn(secretive)
    for name in ("disk", "disk.config", "console.log"):
        assert os.stat(os.path.join(directory(conf, secretive), name)).st_mode & 0o777 == 0o600, name
    os.unlink(os.path.join(directory(conf, secretive), "disk.config"))
    driver.power.reset(secretive)
    assert os.path.exists(os.path.join(directory(conf, secretive), "disk.config"))


def test_the_log_includes_the_files_that_virtlogd_rotated(driver, conf, spec):
    driver.build.spawn(spec)
    driver.power.stop(spec.id, 0)
    log = os.path.join(directory(conf, spec), "console.log")
    for name, content in (("", b"new"), (".0", b"old"), (".1", b"oldest")):
        with open(log + name, "wb") as file:
            file.write(content)
    assert driver.console.log(spec.id, 100) == b"oldestoldnew"
    assert driver.console.log(spec.id, 5) == b"ldnew"


def test_the_probing_guest_runs_under_emulation():
    assert probe.kvm_runs("/usr/bin/qemu-system-x86_64", accelerator="tcg", timeout=20)
    assert not probe.kvm_runs("/usr/bin/qemu-system-x86_64", accelerator="nonsense")
    assert not probe.kvm_runs("/nowhere/qemu")


def test_guests_run_on_kvm_only_where_it_works(driver, conf):
    found = driver.virt_type()
    assert found in ("kvm", "qemu")
    assert found == "qemu" or probe.kvm_runs("/usr/bin/qemu-system-x86_64")
    conf.set_override("virt_type", "kvm", "libvirt")
    assert driver.virt_type() == "kvm"


def test_the_driver_works_on_green_threads():
    """All of it does in the clouds of the other files here."""
    on_eventlet.again(__file__, timeout=600, marked=True)
