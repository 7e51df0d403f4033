"""The contract of a hypervisor driver: one attribute a room, ``None`` where a driver lacks the room.

``tests/unit/test_driver_contract.py`` and its live twin run the same checks on every driver.  All methods may be called
again with the same effect.  All may raise HypervisorError; HypervisorUnavailable when it cannot be reached at all.
"""

import abc
import dataclasses
import importlib

from nova_lite.common import exception
from nova_lite.conf import CONF


@dataclasses.dataclass(frozen=True)
class Disk:
    """The root disk: an overlay of ``size_gb`` GiB over ``base`` (None: empty).  0 GiB: as large as the base."""

    base: str | None                     # absolute path in the image cache
    base_format: str | None              # "qcow2" or "raw"; never probed
    size_gb: int
    bus: str = "virtio"


@dataclasses.dataclass(frozen=True)
class Rescue:
    """What a guest boots from instead of its own disk, which it has beside.

    Without ``bus`` the disk to rescue from takes the place of the root disk, which becomes the next; with it (stable
    device rescue) the root disk keeps its place.
    """

    disk: Disk
    bus: str | None = None               # "virtio", "scsi", "sata", "ide" or "usb"
    device: str = "disk"                 # or "cdrom"


@dataclasses.dataclass(frozen=True)
class Vif:
    """One NIC, already plugged by the network part: the driver makes tap ``tap`` join ``bridge``."""

    mac: str
    tap: str
    bridge: str
    mtu: int
    model: str = "virtio"


@dataclasses.dataclass(frozen=True)
class GuestSpec:
    """All a driver must know to build one guest; pure data, the same spec gives the same guest."""

    id: str                              # the server's id, the domain's uuid
    name: str                            # "instance-0000002a"
    title: str                           # display name
    project_id: str
    user_id: str
    vcpus: int
    memory_mb: int
    disk: Disk
    vifs: tuple[Vif, ...] = ()
    config_drive: dict[str, bytes] | None = None      # path on the drive -> content
    image_properties: dict[str, str] = dataclasses.field(default_factory=dict)
    extra_specs: dict[str, str] = dataclasses.field(default_factory=dict)
    flavor_name: str = ""
    image_id: str | None = None
    rescue: Rescue | None = None


@dataclasses.dataclass(frozen=True)
class HostFacts:
    """What a host has, as the driver reads it."""

    hypervisor_type: str                 # "QEMU", "KVM", "fake"
    hypervisor_version: int              # 7002000 for 7.2.0
    hostname: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    free_disk_gb: int
    cpu_info: dict                       # {"arch", "model", "vendor", "topology": {...}, "features": [...]} as Nova
    uptime: str | None = None            # as uptime(1) prints it
    supported: tuple = ()                # (architecture, hypervisor type, mode) of guests: ("x86_64", "kvm", "hvm")


class Build(abc.ABC):
    """Guests come and go."""

    @abc.abstractmethod
    def check(self, spec):
        """Whether this host could spawn ``spec``, as far as can be told before.

        :raises NotOffered, ImageUnacceptable: it could not; nothing was changed.
        """

    @abc.abstractmethod
    def spawn(self, spec):
        """Make ``spec``'s disk and guest and start it; one that already runs is left alone.

        What an earlier, interrupted spawn left is completed or made anew.
        :raises HypervisorError: and leaves nothing behind.
        :raises DiskTooSmall, ImageUnacceptable: likewise.
        """

    @abc.abstractmethod
    def destroy(self, server_id):
        """Cut the power, forget the guest, remove every file of it.  Nothing there: nothing happens."""


class Power(abc.ABC):
    """Guests go on and off.

    A ``spec`` here is of a guest spawned before: its disk's base is known from the disk, and may be None.
    :raises GuestNotFound: from stop and reboot, where there is no such guest.
    """

    @abc.abstractmethod
    def stop(self, server_id, timeout, cancelled=None):
        """Ask the guest to shut down; after ``timeout`` seconds (0: at once) cut its power.

        :param cancelled: a callable; once it answers True, Cancelled is raised instead of waiting on.
        """

    @abc.abstractmethod
    def start(self, spec):
        """Start a stopped guest, defining it anew from ``spec`` if the hypervisor forgot it."""

    @abc.abstractmethod
    def reboot(self, spec, timeout, cancelled=None):
        """Ask the guest to shut down and start it again; after ``timeout`` seconds, as ``reset``."""

    @abc.abstractmethod
    def reset(self, spec):
        """Cut the power and start again, the guest defined anew from ``spec`` (a hard reboot)."""

    @abc.abstractmethod
    def state(self, server_id):
        """objects.states.Power; NOSTATE where there is no such guest."""


class Pause(abc.ABC):
    """Guests stand still and go on where they were: paused in memory, suspended with their memory on disk.

    :raises GuestNotFound: there is no such guest (not from resume).
    """

    @abc.abstractmethod
    def pause(self, server_id):
        """Hold the guest's processors."""

    @abc.abstractmethod
    def unpause(self, server_id):
        """Let them go on."""

    @abc.abstractmethod
    def go_on(self, server_id):
        """Let a guest of ``host.halted()`` go on; what it was writing is written again.

        :returns: whether it does; False where its disk still has no room, or nothing had halted it.
        """

    @abc.abstractmethod
    def suspend(self, server_id):
        """Write the guest's memory to disk and turn it off.

        :raises HypervisorError: it is off and nothing was saved.
        """

    @abc.abstractmethod
    def resume(self, spec):
        """Start the guest with the memory it was suspended with; where there is none, as ``power.start``."""


class Rescues(abc.ABC):
    """Guests boot from another disk to be mended."""

    @abc.abstractmethod
    def rescue(self, spec):
        """Cut the power and boot from ``spec.rescue``, the guest's own disk beside.

        :raises DiskTooSmall, ImageUnacceptable: it cannot boot so.
        """

    @abc.abstractmethod
    def unrescue(self, spec):
        """Cut the power, remove what it was rescued from, and start it from its own disk."""


class Snapshot(abc.ABC):
    """Copies of guests' disks."""

    @abc.abstractmethod
    def take(self, server_id, must_be_quiet=False, cancelled=None):
        """Copy the guest's root disk, as it is at one moment, into a qcow2 file of its own; the file's path.

        A guest that runs goes on meanwhile; where its agent answers, its file systems are quiet at that moment.
        :param must_be_quiet: rather no copy than one of a running guest whose agent does not answer.
        :param cancelled: as of ``Power.stop``.
        :raises HypervisorError: and leaves nothing behind.
        """

    @abc.abstractmethod
    def drop(self, server_id):
        """End a copy that is under way, let the guest write again, and remove what there is of the copy."""

    @abc.abstractmethod
    def leftovers(self):
        """Ids of the guests of which there is something of a copy, finished or not."""


class Resize(abc.ABC):
    """Guests get another size, and the one before back."""

    @abc.abstractmethod
    def check(self, spec):
        """:raises HypervisorError: the guest cannot become like ``spec``; its disk would have to shrink."""

    @abc.abstractmethod
    def resize(self, spec, label):
        """Cut the power, put the disk aside as it is, and make the guest's own as large as ``spec`` says.

        :param label: letters, digits and dashes that name this resize among others; a repeat has the same.
        """

    @abc.abstractmethod
    def revert(self, server_id, label):
        """Cut the power and take back the disk that this resize put aside, if it did; what came since is lost."""

    @abc.abstractmethod
    def confirm(self, server_id):
        """Remove what resizes put aside."""


class Interfaces(abc.ABC):
    """NICs come and go while a guest lives; one that is off has, at its next start, what its spec says."""

    @abc.abstractmethod
    def attach(self, spec, mac):
        """Give the guest the NIC of ``spec`` that has this MAC, at once if it runs; it has it already: nothing happens.

        :raises HypervisorError: and the guest is as it was.
        """

    @abc.abstractmethod
    def detach(self, server_id, mac, cancelled=None):
        """Take the NIC with this MAC away, and return when the guest has let go of it.  Nothing there: nothing happens.

        :param cancelled: as of ``Power.stop``.
        :raises HypervisorError: the guest does not let go of it.
        """


class Guest(abc.ABC):
    """What is asked of guests themselves.

    :raises GuestNotFound: there is no such guest.
    """

    @abc.abstractmethod
    def diagnostics(self, server_id):
        """{"standard": as from 2.48, without config_drive, "legacy": as before}.  :raises GuestOff:"""

    @abc.abstractmethod
    def nmi(self, server_id):
        """Send a non-maskable interrupt; what that does is the guest's own choice."""

    @abc.abstractmethod
    def set_password(self, server_id, user, password):
        """Through the guest's agent.  :raises HypervisorError: the agent does not answer, or refused."""


class Console(abc.ABC):
    """What a guest prints and shows."""

    @abc.abstractmethod
    def log(self, server_id, max_bytes):
        """The end of the serial console's log as bytes, at most ``max_bytes``; b"" where nothing was printed.

        :raises GuestNotFound: no such guest.
        """

    @abc.abstractmethod
    def screen(self, server_id):
        """(address, port) of the VNC server of a guest that runs.  :raises GuestNotFound: it does not run."""

    @abc.abstractmethod
    def terminal(self, server_id):
        """Path of the terminal device that is a running guest's serial port.  :raises GuestNotFound: likewise."""


class Host(abc.ABC):
    """The machine and its hypervisor."""

    @abc.abstractmethod
    def facts(self):
        """HostFacts of this moment."""

    @abc.abstractmethod
    def guests(self):
        """{server id: objects.states.Power} of the guests that this cloud defined on this host."""

    @abc.abstractmethod
    def halted(self):
        """{server id: why} of guests that nobody paused: they stand still because the host could not write for them."""

    @abc.abstractmethod
    def nics(self):
        """{server id: [MAC]} of the NICs that this cloud gave to the guests that run; what others gave is left out."""

    @abc.abstractmethod
    def disks(self):
        """{server id: what is wrong with its files, "" for nothing}; None where guests have no files."""

    @abc.abstractmethod
    def watch(self, callback):
        """Call ``callback(server_id, objects.states.Power)`` at each change of a guest's power, until closed.

        The callback runs on an ordinary (green) thread of the service and may block.  Changes that happened while the
        hypervisor was out of reach are told when it is back; a guest that is gone is told as NOSTATE.
        """

    @abc.abstractmethod
    def check(self):
        """Raise HypervisorUnavailable unless the hypervisor answers within a few seconds."""


class Driver:
    """A driver is these rooms.  ``image_cache`` says whether guests need the image's bytes on this host."""

    build: Build
    power: Power
    pause: Pause | None
    rescue: Rescues | None
    snapshot: Snapshot | None
    resize: Resize | None
    interfaces: Interfaces | None
    guest: Guest | None
    console: Console | None
    host: Host
    image_cache: bool = True
    network: bool = True                 # whether guests need real bridges and DHCP on this host

    def close(self):
        """Let go of connections and threads."""


DRIVERS = {
    "fake": "nova_lite.virt.fake.driver:FakeDriver",
    "libvirt": "nova_lite.virt.libvirt.driver:LibvirtDriver",
}


def load(name, conf=CONF):
    """The driver named ``name``, made for ``conf`` (an oslo.config ConfigOpts).  It connects to nothing yet.

    :raises Misconfigured: its libraries are not installed.
    """
    module, cls = DRIVERS[name].split(":")
    try:
        return getattr(importlib.import_module(module), cls)(conf)
    except ImportError as error:
        raise exception.Misconfigured(problem=f"Driver {name} cannot be loaded: {error}.",
                                      remedy="Install what it needs: pip install 'nova_lite[libvirt]'.") from error
