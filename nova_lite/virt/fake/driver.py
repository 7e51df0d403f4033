"""The fake driver: changes its record of each guest as a hypervisor would change the guest, and fails on request.

Tests make a capability fail by ``driver.power.fails_with(error)``, until ``driver.power.works()``.
"""

import contextlib
import dataclasses
import logging
import os
import time

from nova_lite.common import atomic_file, concurrency, exceptions
from nova_lite.common.hardware import properties
from nova_lite.conf import CONF
from nova_lite.objects.states import Power as State
from nova_lite.virt import driver
from nova_lite.virt import spec as virt
from nova_lite.virt.fake import guests as remembered
from nova_lite.virt.libvirt import disks

LOG = logging.getLogger(__name__)

_FACTS = {
    "hypervisor_type": "fake",
    "hypervisor_version": 1000000,
    "cpu_info": {"arch": "x86_64", "model": "Nehalem", "vendor": "Intel",
                 "topology": {"cells": 1, "sockets": 1, "cores": 1, "threads": 1}, "features": []},
    "supported": (("x86_64", "fake", "hvm"),),
}
_LOG = """\
[    0.000000] Linux version 6.1.0-fake ({name}) #1 SMP
[    0.000000] Command line: root=LABEL=root console=ttyS0
[    0.081211] Memory: {memory_kb}K available, {vcpus} processor(s) activated
[    1.204817] virtio_blk virtio1: [vda] attached
[    1.377402] EXT4-fs (vda1): mounted filesystem with ordered data mode
[    2.018655] eth0: link up

{title} login: """


_ON = (State.RUNNING, State.PAUSED)


class _Capability:
    """What all capabilities share: the guests' records, and the error that a test wants."""

    def __init__(self, guests, conf):
        self._guests = guests
        self._conf = conf
        self._error = None

    def fails_with(self, error):
        """Make every method of the capability raise ``error`` from now on."""
        self._error = error

    def works(self):
        """End what ``fails_with`` began."""
        self._error = None

    def _enter(self):
        if self._error is not None:
            raise self._error

    def _act(self):
        self._enter()
        if self._conf.fake.delay:
            concurrency.sleep(self._conf.fake.delay)

    def _known(self, server_id):
        guest = self._guests.get(server_id)
        if guest is None:
            raise exceptions.GuestNotFound(host=self._conf.host, server_id=server_id)
        return guest


class Build(_Capability, driver.Build):
    def check(self, spec):
        self._enter()
        properties.check_architecture(spec.image_properties)

    def spawn(self, spec):
        self._act()
        known = self._guests.get(spec.id)
        if known is None or known.power not in _ON:
            self._guests.put(_guest(spec))

    def destroy(self, server_id):
        self._act()
        self._guests.remove(server_id)


class Power(_Capability, driver.Power):
    def stop(self, server_id, timeout, cancelled=None):
        self._act()
        guest = self._known(server_id)
        if cancelled is not None and cancelled():
            raise exceptions.Cancelled(f"Waiting for server {server_id} to shut down was cancelled.")
        self.becomes(guest.id, State.SHUTDOWN)

    def start(self, spec):
        self._act()
        known = self._guests.get(spec.id)
        if known is None:
            self._guests.put(_guest(spec))
        elif known.power not in _ON:
            self._boot(known, spec)

    def reboot(self, spec, timeout, cancelled=None):
        self.stop(spec.id, timeout, cancelled)
        self.start(spec)

    def reset(self, spec):
        self._act()
        known = self._guests.get(spec.id)
        if known is None:
            self._guests.put(_guest(spec))
        else:
            self.becomes(spec.id, State.SHUTDOWN)
            self._boot(known, spec)

    def state(self, server_id):
        self._enter()
        guest = self._guests.get(server_id)
        return State.NOSTATE if guest is None else guest.power

    def becomes(self, server_id, power):
        """Change the guest's power as if it shut down or started by itself."""
        self._guests.put(dataclasses.replace(self._known(server_id), power=power))

    def _boot(self, guest, spec):
        self._guests.put(dataclasses.replace(guest, power=_power(spec), boots=guest.boots + 1, saved=False,
                                             macs=_macs(spec), disks=_disks(spec), volumes=_volumes(spec)))


class Pause(_Capability, driver.Pause):
    full = False                    # whether the host's disk is full

    def halts(self, server_id):
        """Stop the guest as a hypervisor does when the host's disk is full."""
        self.full = True
        self._becomes(server_id, (State.RUNNING,), State.PAUSED, halted="no space left for its disk vda")

    def resume_halted(self, server_id):
        if self.full or not self._known(server_id).halted:
            return False
        self.unpause(server_id)
        return True

    def pause(self, server_id):
        self._becomes(server_id, (State.RUNNING, State.PAUSED), State.PAUSED)

    def unpause(self, server_id):
        self._becomes(server_id, (State.RUNNING, State.PAUSED), State.RUNNING)

    def suspend(self, server_id):
        if not self._known(server_id).saved:
            self._becomes(server_id, (State.RUNNING, State.PAUSED), State.SHUTDOWN, saved=True)

    def resume(self, spec):
        self._act()
        known = self._guests.get(spec.id)
        if known is None:
            self._guests.put(_guest(spec))
        elif known.power is not State.RUNNING:
            if known.saved or known.power is State.PAUSED:
                self._guests.put(dataclasses.replace(known, power=State.RUNNING, saved=False))
            else:
                self._guests.put(dataclasses.replace(_guest(spec), boots=known.boots + 1))

    def _becomes(self, server_id, before, power, **values):
        self._act()
        guest = self._known(server_id)
        if guest.power not in before:
            raise exceptions.HypervisorError(reason="the guest is not running")
        self._guests.put(dataclasses.replace(guest, power=power, **values))


class Rescue(_Capability, driver.Rescue):
    def rescue(self, spec):
        self._boot(spec, rescued=True)

    def unrescue(self, spec):
        self._boot(spec, rescued=False)

    def _boot(self, spec, rescued):
        self._act()
        boots = getattr(self._guests.get(spec.id), "boots", 0)
        self._guests.put(dataclasses.replace(_guest(spec), boots=boots + 1, rescued=rescued))


class Snapshot(_Capability, driver.Snapshot):
    """The copy is an empty disk of 1 GiB."""

    def take(self, server_id, must_be_quiet=False, cancelled=None):
        self._act()
        if cancelled is not None and cancelled():
            raise exceptions.Cancelled(f"Copying the disk of server {server_id} was cancelled.")
        self._known(server_id)
        path = self._path(server_id)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        atomic_file.write(path, disks.overlay(disks.GIB))
        return path

    def drop(self, server_id):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(server_id))

    def leftovers(self):
        there = os.listdir(self._folder) if os.path.isdir(self._folder) else ()
        return [name.removesuffix(".snapshot") for name in there if name.endswith(".snapshot")]

    @property
    def _folder(self):
        return os.path.join(os.path.realpath(self._conf.state_dir), "fake")

    def _path(self, server_id):
        return os.path.join(self._folder, f"{server_id}.snapshot")


class Resize(_Capability, driver.Resize):
    def check(self, spec):
        self._enter()

    def resize(self, spec, label):
        self._off(spec.id)

    def revert(self, spec, label):
        self._off(spec.id)

    def confirm(self, server_id):
        self._act()

    def _off(self, server_id):
        self._act()
        known = self._guests.get(server_id)
        if known is not None:
            self._guests.put(dataclasses.replace(known, power=State.SHUTDOWN))


class Interfaces(_Capability, driver.Interfaces):
    def attach(self, spec, mac):
        self._act()
        guest = self._guests.get(spec.id)
        if guest is not None and mac not in guest.macs:
            self._guests.put(dataclasses.replace(guest, macs=(*guest.macs, mac)))

    def detach(self, server_id, mac, cancelled=None):
        self._act()
        guest = self._guests.get(server_id)
        if guest is not None and mac in guest.macs:
            self._guests.put(dataclasses.replace(guest, macs=tuple(each for each in guest.macs if each != mac)))


class Volumes(_Capability, driver.Volumes):
    def attach(self, server_id, disk):
        self._act()
        guest = self._guests.get(server_id)
        if guest is not None and disk.serial not in guest.volumes:
            self._guests.put(dataclasses.replace(guest, volumes=(*guest.volumes, disk.serial)))

    def detach(self, server_id, disk, cancelled=None):
        self._act()
        guest = self._guests.get(server_id)
        if guest is not None and disk.serial in guest.volumes:
            kept = tuple(each for each in guest.volumes if each != disk.serial)
            self._guests.put(dataclasses.replace(guest, volumes=kept))


class Guest(_Capability, driver.Guest):
    def diagnostics(self, server_id):
        self._enter()
        guest = self._known(server_id)
        if guest.power is not State.RUNNING:
            raise exceptions.GuestOff(server_id=server_id, state=guest.power.name.lower())
        disk = {"errors_count": 0, "read_bytes": 262144, "read_requests": 112, "write_bytes": 5778432,
                "write_requests": 488}
        count = 1 + len(guest.disks) + len(guest.volumes)
        standard = {
            # the API knows Nova's five drivers only; this one stands for libvirt's
            "state": "running", "driver": "libvirt", "hypervisor": "fake", "hypervisor_os": "fake", "uptime": 46664,
            "num_cpus": guest.vcpus, "num_nics": len(guest.macs), "num_disks": count,
            "disk_details": [disk] * count,
            "nic_details": [],
            "cpu_details": [{"id": number, "time": 17300000000, "utilisation": 15} for number in range(guest.vcpus)],
            "memory_details": {"maximum": guest.memory_mb, "used": 0}}
        return {"standard": standard, "legacy": {"cpu0_time": 17300000000, "memory": guest.memory_mb * 1024}}

    def nmi(self, server_id):
        self._act()
        self._known(server_id)

    def set_password(self, server_id, user, password):
        self._act()
        self._known(server_id)


class Console(_Capability, driver.Console):
    def log(self, server_id, max_bytes):
        self._enter()
        guest = self._known(server_id)
        boot = _LOG.format(name=guest.name, title=guest.title or guest.name, vcpus=guest.vcpus,
                           memory_kb=guest.memory_mb * 1024).encode()
        boots = min(guest.boots, max_bytes // len(boot) + 1)
        return b"\n".join([boot] * boots)[-max_bytes:] if max_bytes > 0 else b""

    def screen(self, server_id):
        """A callable that is refused: no VNC server exists."""
        self._live(server_id)
        return _refuse_connection

    def terminal(self, server_id):
        self._live(server_id)
        return os.devnull

    def _live(self, server_id):
        self._enter()
        if self._known(server_id).power not in (State.RUNNING, State.PAUSED):
            raise exceptions.GuestNotFound(host=self._conf.host, server_id=server_id)


def _refuse_connection():
    raise ConnectionRefusedError


class Host(_Capability, driver.Host):
    def __init__(self, guests, conf, watchers):
        super().__init__(guests, conf)
        self._watchers = watchers

    def facts(self):
        self._enter()
        options = self._conf.fake
        return virt.HostFacts(
            **_FACTS, hostname=self._conf.host, vcpus=options.vcpus, memory_mb=options.memory_mb,
            disk_gb=options.disk_gb, free_disk_gb=options.disk_gb, uptime=_uptime())

    def guests(self):
        self._enter()
        return self._guests.powers()

    def halted(self):
        self._enter()
        return {server_id: guest.halted for server_id in self._guests.powers()
                if (guest := self._guests.get(server_id)) and guest.halted}

    def nics(self):
        self._enter()
        return {server_id: list(guest.macs) for server_id, power in self._guests.powers().items()
                if power is State.RUNNING and (guest := self._guests.get(server_id))}

    def disks(self):
        self._enter()

    def bases(self):
        self._enter()
        return set()

    def watch(self, callback):
        self._watchers.append(callback)

    def check(self):
        self._enter()


class FakeDriver(driver.Driver):
    image_cache = False
    network = False

    def __init__(self, conf=CONF):
        self._watchers = []
        self._mail = concurrency.Mailbox()
        self._task = None
        guests = self._known = remembered.Guests(os.path.realpath(conf.state_dir), self._changed)
        self.build = Build(guests, conf)
        self.power = Power(guests, conf)
        self.pause = Pause(guests, conf)
        self.rescue = Rescue(guests, conf)
        self.snapshot = Snapshot(guests, conf)
        self.resize = Resize(guests, conf)
        self.interfaces = Interfaces(guests, conf)
        self.volumes = Volumes(guests, conf)
        self.guest = Guest(guests, conf)
        self.console = Console(guests, conf)
        self.host = Host(guests, conf, self._watchers)

    def macs(self, server_ids=None):
        """MACs of the NICs of guests that are on, for the fake network: their devices are there.

        :param server_ids: whose; None: all.
        """
        return self._known.macs(server_ids)

    def close(self):
        self._watchers.clear()
        if self._task is not None:
            self._mail.put(None)

    def _changed(self, server_id, power):
        """Report the change to the watchers, from a thread of its own as a hypervisor does."""
        if self._watchers:
            if self._task is None:
                self._task = concurrency.spawn(self._deliver)
            self._mail.put((server_id, power))

    def _deliver(self):
        while (change := self._mail.get()) is not None:
            for callback in tuple(self._watchers):
                try:
                    callback(*change)
                except Exception:
                    LOG.exception("a watcher failed on guest %s becoming %s", *change)


def _guest(spec):
    return remembered.Guest(id=spec.id, name=spec.name, title=spec.title, vcpus=spec.vcpus, memory_mb=spec.memory_mb,
                            power=_power(spec), macs=_macs(spec), disks=_disks(spec), volumes=_volumes(spec))


def _power(spec):
    return State.PAUSED if spec.paused else State.RUNNING


def _macs(spec):
    return tuple(vif.mac for vif in spec.vifs)


def _disks(spec):
    """Its ephemeral disks and swap, as guests.Guest keeps them."""
    return tuple(f"{each.source.path} {each.content.size_mb} {_format(each.content)}"
                 for each in spec.disks_with(virt.Filesystem, virt.Swap))


def _volumes(spec):
    return tuple(each.serial for each in spec.disks if each.content is None)


def _format(content):
    return "swap" if isinstance(content, virt.Swap) else content.type or "default"


def _uptime():
    return time.strftime(" %H:%M:%S up 1 day,  0:00,  0 users,  load average: 0.00, 0.00, 0.00")
