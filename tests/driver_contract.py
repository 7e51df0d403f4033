"""What every driver does, whichever it is: the same checks run on the fake one and on libvirt.

A subclass gives fixtures: ``driver``; ``new_driver()`` makes another as after a restart of the service; ``spec`` is a
guest that shuts down when asked; ``forget(server_id)`` makes the hypervisor lose a guest that is off; ``bridge`` is the
name of one that NICs can join; ``volume`` is a virt.spec.Disk that is there without a guest.
"""

import dataclasses
import os
import time
import types
import uuid

import pytest

from nova_lite.common import exceptions
from nova_lite.common.local_disks import LocalDisk
from nova_lite.compute.tasks.spec import local_disk, rescued
from nova_lite.objects.states import Power
from nova_lite.virt.spec import Overlay, Vif
from tests import ports_and_ranges

UNKNOWN = str(uuid.UUID(int=7))


def eventually(truth, seconds=60):
    """Wait until ``truth()`` holds; its value, also when it never held."""
    end = time.monotonic() + seconds
    while not (value := truth()) and time.monotonic() < end:
        time.sleep(0.02)
    return value


class DriverContract:
    def test_a_spawned_guest_runs_and_is_listed(self, driver, spec):
        driver.build.spawn(spec)
        assert driver.power.state(spec.id) is Power.RUNNING
        assert driver.host.guests() == {spec.id: Power.RUNNING}

    def test_spawning_again_leaves_a_running_guest_alone(self, driver, spec):
        driver.build.spawn(spec)
        reported = []
        driver.host.watch(lambda *change: reported.append(change))
        driver.build.spawn(spec)
        time.sleep(0.2)
        assert reported == []

    def test_a_check_refuses_a_guest_of_another_architecture_and_makes_nothing(self, driver, spec):
        driver.build.check(spec)
        with pytest.raises(exceptions.NotOffered):
            driver.build.check(dataclasses.replace(spec, image_properties={"hw_architecture": "aarch64"}))
        assert driver.power.state(spec.id) is Power.NOSTATE and spec.id not in driver.host.guests()

    def test_a_guest_that_is_started_paused_stands_still_until_it_is_resumed(self, driver, spec):
        paused = dataclasses.replace(spec, paused=True)
        for begin in (driver.build.spawn, driver.power.start, driver.power.reset):
            for _ in range(2):
                begin(paused)
                assert driver.power.state(spec.id) is Power.PAUSED
            if begin != driver.power.reset:
                begin(spec)
                assert driver.power.state(spec.id) is Power.PAUSED, "it is on and left alone"
            for _ in range(2):
                driver.pause.unpause(spec.id)
                assert driver.power.state(spec.id) is Power.RUNNING
            driver.power.stop(spec.id, 0)

    def test_destroy_leaves_nothing_and_may_be_repeated(self, driver, spec):
        driver.build.spawn(spec)
        for _ in range(2):
            driver.build.destroy(spec.id)
        assert driver.power.state(spec.id) is Power.NOSTATE
        assert driver.host.guests() == {}
        with pytest.raises(exceptions.GuestNotFound):
            driver.console.log(spec.id, 100)

    def test_a_guest_can_be_spawned_again_after_destroy(self, driver, spec):
        driver.build.spawn(spec)
        driver.build.destroy(spec.id)
        driver.build.spawn(spec)
        assert driver.power.state(spec.id) is Power.RUNNING

    @pytest.mark.parametrize("timeout", [0, 20])
    def test_stop_turns_a_guest_off_and_may_be_repeated(self, driver, spec, timeout):
        driver.build.spawn(spec)
        for _ in range(2):
            driver.power.stop(spec.id, timeout)
            assert driver.power.state(spec.id) is Power.SHUTDOWN

    def test_a_cancelled_stop_ends_at_once(self, driver, spec):
        driver.build.spawn(spec)
        with pytest.raises(exceptions.Cancelled):
            driver.power.stop(spec.id, 20, lambda: True)

    def test_start_turns_a_guest_on_and_may_be_repeated(self, driver, spec):
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        for _ in range(2):
            driver.power.start(spec)
            assert driver.power.state(spec.id) is Power.RUNNING

    def test_start_defines_a_forgotten_guest_anew(self, driver, spec, forget):
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        forget(spec.id)
        assert driver.power.state(spec.id) is Power.NOSTATE
        driver.power.start(spec)
        assert driver.power.state(spec.id) is Power.RUNNING

    @pytest.mark.parametrize("timeout", [0, 20])
    def test_reboot_ends_with_a_running_guest(self, driver, spec, timeout):
        driver.build.spawn(spec)
        driver.power.reboot(spec, timeout)
        assert driver.power.state(spec.id) is Power.RUNNING

    def test_reset_works_on_guests_on_and_off(self, driver, spec):
        driver.build.spawn(spec)
        driver.power.reset(spec)
        assert driver.power.state(spec.id) is Power.RUNNING
        driver.power.stop(spec.id, 0)
        driver.power.reset(spec)
        assert driver.power.state(spec.id) is Power.RUNNING

    def test_an_unknown_guest_is_not_found(self, driver, spec):
        assert driver.power.state(UNKNOWN) is Power.NOSTATE
        driver.build.destroy(UNKNOWN)
        with pytest.raises(exceptions.GuestNotFound):
            driver.power.stop(UNKNOWN, 0)
        with pytest.raises(exceptions.GuestNotFound):
            driver.power.reboot(spec, 0)
        with pytest.raises(exceptions.GuestNotFound):
            driver.console.log(UNKNOWN, 100)

    def test_the_log_is_cut_to_its_end_and_kept_over_reboots(self, driver, spec):
        driver.build.spawn(spec)
        first = eventually(lambda: driver.console.log(spec.id, 10000))
        assert first
        driver.power.reset(spec)
        both = eventually(lambda: (log := driver.console.log(spec.id, 10000)) and len(log) > len(first) and log)
        assert both.startswith(first)
        assert eventually(lambda: driver.console.log(spec.id, 7) == driver.console.log(spec.id, 10000)[-7:])

    def test_each_change_of_power_is_reported_in_order(self, driver, spec):
        reported = []
        driver.host.watch(lambda *change: reported.append(change))
        assert driver.host.guests() == {}
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        driver.build.destroy(spec.id)
        assert eventually(lambda: len(reported) == 3), reported
        assert reported == [(spec.id, Power.RUNNING), (spec.id, Power.SHUTDOWN), (spec.id, Power.NOSTATE)]

    def test_a_watcher_that_fails_does_not_keep_changes_from_others(self, driver, spec):
        reported = []
        driver.host.watch(lambda *_: 1 / 0)
        driver.host.watch(lambda *change: reported.append(change))
        driver.host.guests()
        driver.build.spawn(spec)
        assert eventually(lambda: reported)

    def test_a_new_driver_finds_the_running_guests_of_the_one_before(self, driver, new_driver, spec):
        driver.build.spawn(spec)
        driver.close()
        again = new_driver()
        assert again.host.guests() == {spec.id: Power.RUNNING}
        assert again.power.state(spec.id) is Power.RUNNING

    def test_an_id_that_is_no_uuid_is_refused(self, driver):
        with pytest.raises((ValueError, exceptions.NovaLiteError)):
            driver.console.log("../../etc", 10)

    def test_a_hosts_facts_have_what_a_scheduler_needs(self, driver):
        driver.host.check()
        facts = driver.host.facts()
        assert facts.vcpus > 0
        assert facts.memory_mb > 100
        assert facts.disk_gb >= facts.free_disk_gb > 0
        assert {"arch", "model", "vendor", "topology", "features"} == set(facts.cpu_info)
        assert facts.cpu_info["arch"] in {arch for arch, _, mode in facts.supported if mode == "hvm"}
        assert all(isinstance(each, str) and each == each.lower() for kind in facts.supported for each in kind)
        assert " up " in facts.uptime
        assert "load average: " in facts.uptime

    def test_a_paused_guest_stays_paused_until_it_is_unpaused(self, driver, spec):
        driver.build.spawn(spec)
        for _ in range(2):
            driver.pause.pause(spec.id)
            assert driver.power.state(spec.id) is Power.PAUSED
        for _ in range(2):
            driver.pause.unpause(spec.id)
            assert driver.power.state(spec.id) is Power.RUNNING

    def test_a_guest_that_somebody_paused_is_not_halted(self, driver, spec):
        driver.build.spawn(spec)
        driver.pause.pause(spec.id)
        assert driver.host.halted() == {}
        assert not driver.pause.resume_halted(spec.id)
        assert driver.power.state(spec.id) is Power.PAUSED

    def test_a_suspended_guest_is_off_and_resumes_without_booting(self, driver, spec):
        driver.build.spawn(spec)
        printed = eventually(lambda: driver.console.log(spec.id, 10000))
        for _ in range(2):
            driver.pause.suspend(spec.id)
            assert driver.power.state(spec.id) is Power.SHUTDOWN
        for _ in range(2):
            driver.pause.resume(spec)
            assert driver.power.state(spec.id) is Power.RUNNING
        time.sleep(0.5)
        assert driver.console.log(spec.id, 10000) == printed

    def test_a_suspended_guest_that_is_reset_boots_anew(self, driver, spec):
        driver.build.spawn(spec)
        printed = eventually(lambda: driver.console.log(spec.id, 10000))
        driver.pause.suspend(spec.id)
        driver.power.reset(spec)
        assert eventually(lambda: len(driver.console.log(spec.id, 10000)) > len(printed))

    def test_a_resume_without_a_saved_memory_starts_the_guest(self, driver, spec):
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        driver.pause.resume(spec)
        assert driver.power.state(spec.id) is Power.RUNNING

    def test_a_guest_that_is_off_cannot_be_paused_or_suspended(self, driver, spec):
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        for act in (driver.pause.pause, driver.pause.unpause, driver.pause.suspend):
            with pytest.raises(exceptions.HypervisorError):
                act(spec.id)
        for act in (driver.pause.pause, driver.pause.unpause, driver.pause.suspend):
            with pytest.raises(exceptions.GuestNotFound):
                act(UNKNOWN)

    def test_a_suspended_guest_can_be_destroyed(self, driver, spec):
        driver.build.spawn(spec)
        driver.pause.suspend(spec.id)
        driver.build.destroy(spec.id)
        assert driver.host.guests() == {}

    def test_a_rescued_guest_boots_anew_and_is_unrescued(self, driver, spec):
        driver.build.spawn(spec)
        base = spec.disks[0].source.backing
        image = types.SimpleNamespace(properties={})
        rescue = resized(rescued(spec, image, (base.path, base.format) if base else (None, None)), 2)
        printed = eventually(lambda: driver.console.log(spec.id, 10000))
        for _ in range(2):
            driver.rescue.rescue(rescue)
            assert driver.power.state(spec.id) is Power.RUNNING
        assert eventually(lambda: len(driver.console.log(spec.id, 10000)) > len(printed))
        for _ in range(2):
            driver.rescue.unrescue(spec)
            assert driver.power.state(spec.id) is Power.RUNNING
        driver.build.destroy(spec.id)
        assert driver.host.guests() == {}

    @pytest.mark.parametrize("state", ["on", "paused", "off"])
    def test_a_copy_of_a_disk_has_no_base_and_the_guest_keeps_its_power_state(self, driver, spec, state):
        driver.build.spawn(spec)
        assert eventually(lambda: driver.console.log(spec.id, 10000))
        if state == "off":
            driver.power.stop(spec.id, 0)
        elif state == "paused":
            driver.pause.pause(spec.id)
        before = driver.power.state(spec.id)
        for _ in range(2):
            path = driver.snapshot.take(spec.id)
            with open(path, "rb") as copy:
                assert (copy.read(4), copy.seek(8), copy.read(8)) == (b"QFI\xfb", 8, bytes(8)), "it has a base"
            assert driver.power.state(spec.id) is before
        assert driver.snapshot.leftovers() == [spec.id]
        driver.snapshot.drop(spec.id)
        driver.snapshot.drop(spec.id)
        assert driver.snapshot.leftovers() == []
        assert not os.path.exists(path)

    def test_diagnostics_count_what_a_running_guest_has(self, driver, spec):
        driver.build.spawn(spec)
        found = driver.guest.diagnostics(spec.id)
        standard = found["standard"]
        assert (standard["state"], standard["num_cpus"], standard["num_disks"]) == ("running", 1, 1)
        assert standard["memory_details"]["maximum"] == 64
        assert set(standard["disk_details"][0]) == {"errors_count", "read_bytes", "read_requests", "write_bytes",
                                                    "write_requests"}
        assert found["legacy"]["memory"] == 64 * 1024
        driver.guest.nmi(spec.id)
        driver.power.stop(spec.id, 0)
        with pytest.raises(exceptions.GuestOff, match="in power state shutdown"):
            driver.guest.diagnostics(spec.id)
        with pytest.raises(exceptions.GuestNotFound):
            driver.guest.diagnostics(UNKNOWN)

    def test_local_disks_survive_resizes_and_go_with_their_guest(self, driver, spec):
        large = with_local_disks(spec, LocalDisk("disk.eph0", 32), LocalDisk("disk.swap", 16, "swap"))
        spec = with_local_disks(spec, LocalDisk("disk.eph0", 16), LocalDisk("disk.swap", 8, "swap"))
        driver.build.spawn(spec)
        assert driver.guest.diagnostics(spec.id)["standard"]["num_disks"] == 3
        driver.resize.resize(large, "one")
        driver.power.reset(large)
        driver.resize.revert(spec, "one")
        driver.power.reset(spec)
        assert driver.power.state(spec.id) is Power.RUNNING
        driver.resize.confirm(spec.id)
        assert not (driver.host.disks() or {}).get(spec.id)
        driver.build.destroy(spec.id)
        assert not driver.host.disks()

    def test_a_resize_and_its_revert_may_be_repeated(self, driver, spec):
        small = resized(spec, 1)
        large = dataclasses.replace(resized(spec, 2), memory_mb=96)
        driver.build.spawn(small)
        driver.resize.check(large)
        for _ in range(2):
            driver.resize.resize(large, "one")
            assert driver.power.state(spec.id) is Power.SHUTDOWN
            driver.power.reset(large)
            assert driver.power.state(spec.id) is Power.RUNNING
        for _ in range(2):
            driver.resize.revert(spec, "one")
            assert driver.power.state(spec.id) is Power.SHUTDOWN
        driver.resize.resize(large, "two")
        for _ in range(2):
            driver.resize.confirm(spec.id)
        driver.power.reset(large)
        assert driver.power.state(spec.id) is Power.RUNNING

    def test_a_nic_is_attached_once_and_detached_for_good(self, driver, spec, bridge):
        nic = Vif(mac="fa:16:3e:00:00:07", tap=f"tapcon{ports_and_ranges.number()}", bridge=bridge, mtu=1500)
        wired = dataclasses.replace(spec, vifs=(*spec.vifs, nic))
        driver.build.spawn(spec)
        for _ in range(2):
            driver.interfaces.attach(wired, nic.mac)
            assert nics(driver, spec) == len(wired.vifs)
        driver.power.stop(spec.id, 0)
        driver.power.start(wired)
        assert nics(driver, spec) == len(wired.vifs)
        driver.power.stop(spec.id, 0)
        for _ in range(2):
            driver.interfaces.detach(spec.id, nic.mac)
        driver.power.start(spec)
        assert nics(driver, spec) == len(spec.vifs)
        driver.interfaces.detach(UNKNOWN, nic.mac)

    def test_a_volume_is_attached_once_and_detached_for_good(self, driver, spec, volume):
        driver.build.spawn(spec)
        for _ in range(2):
            driver.volumes.attach(spec.id, volume)
            assert count_disks(driver, spec) == 2
        with_volume = dataclasses.replace(spec, disks=(*spec.disks, volume))
        driver.power.reset(with_volume)
        assert count_disks(driver, spec) == 2
        driver.power.stop(spec.id, 0)
        for _ in range(2):
            driver.volumes.detach(spec.id, volume)
        driver.power.start(spec)
        assert count_disks(driver, spec) == 1

    def test_a_volume_attached_to_a_guest_that_is_off_is_there_at_its_start(self, driver, spec, volume):
        driver.build.spawn(spec)
        driver.power.stop(spec.id, 0)
        driver.volumes.attach(spec.id, volume)
        driver.power.start(dataclasses.replace(spec, disks=(*spec.disks, volume)))
        assert count_disks(driver, spec) == 2

    def test_volumes_of_an_unknown_guest_are_left_alone(self, driver, volume):
        driver.volumes.attach(UNKNOWN, volume)
        driver.volumes.detach(UNKNOWN, volume)
        assert driver.host.guests() == {}

    def test_a_host_lists_the_nics_of_running_guests(self, driver, spec, bridge):
        nic = Vif(mac="fa:16:3e:00:00:07", tap="tap00c0ffee-07", bridge=bridge, mtu=1500)
        driver.build.spawn(dataclasses.replace(spec, vifs=(nic,)))
        assert driver.host.nics() == {spec.id: [nic.mac]}
        driver.power.stop(spec.id, 0)
        assert driver.host.nics() == {}


def resized(spec, size_gb):
    """``spec`` with all disks that are images, as the root disk, of a size in GiB."""
    return dataclasses.replace(spec, disks=tuple(
        dataclasses.replace(each, content=Overlay(size_gb)) if isinstance(each.content, Overlay) else each
        for each in spec.disks))


def with_local_disks(spec, *local):
    return dataclasses.replace(spec, disks=(*spec.disks, *map(local_disk, local)))


def count_disks(driver, spec):
    """How many disks a running guest has."""
    return driver.guest.diagnostics(spec.id)["standard"]["num_disks"]


def nics(driver, spec):
    """How many NICs a running guest has."""
    return driver.guest.diagnostics(spec.id)["standard"]["num_nics"]
