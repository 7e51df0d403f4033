"""The contract of a hypervisor driver: one attribute a capability, None where a driver does not have it.

``tests/driver_contract.py`` holds the checks that run on every driver; ``virt/spec.py`` has the data.  Every method may
be repeated with the same effect.  Every method may raise HypervisorError, and HypervisorUnavailable where the
hypervisor cannot be reached at all.
"""

import abc
import importlib

from nova_lite.common import exceptions
from nova_lite.conf import CONF


class Build(abc.ABC):
    """Creates guests and removes them."""

    @abc.abstractmethod
    def check(self, spec):
        """Check whether this host could spawn ``spec``, as far as that can be known before; nothing is changed.

        :raises NotOffered, ImageUnacceptable: it could not.
        """

    @abc.abstractmethod
    def spawn(self, spec):
        """Make the disks and the guest of ``spec`` (spec.GuestSpec) and start it; one that is on is left alone.

        What an earlier, interrupted spawn left is completed or made anew.  After an error nothing is left.
        :raises HypervisorError: the hypervisor or the file system refuses.
        :raises DiskTooSmall, ImageUnacceptable: the image does not suit the flavor or the host.
        """

    @abc.abstractmethod
    def destroy(self, server_id):
        """Cut the power, forget the guest, remove every file of it.  Nothing there: nothing happens."""


class Power(abc.ABC):
    """Turns guests on and off.

    A ``spec`` here is of a guest spawned before: the backing images of its disks are known from their files, and need
    not be in it.
    :raises GuestNotFound: from stop and reboot, where there is no such guest.
    """

    @abc.abstractmethod
    def stop(self, server_id, timeout, cancelled=None):
        """Ask the guest to shut down; after ``timeout`` seconds (0: at once) cut its power.

        :param cancelled: a callable; once it answers True, Cancelled is raised and the wait is over.
        """

    @abc.abstractmethod
    def start(self, spec):
        """Start a stopped guest, defining it anew from ``spec`` if the hypervisor forgot it; one that is on, paused or
        not, is left alone.
        """

    @abc.abstractmethod
    def reboot(self, spec, timeout, cancelled=None):
        """Ask the guest to shut down and start it again; after ``timeout`` seconds, as ``reset``."""

    @abc.abstractmethod
    def reset(self, spec):
        """Cut the power and start again, the guest defined anew from ``spec`` (a hard reboot)."""

    @abc.abstractmethod
    def state(self, server_id):
        """The guest's objects.states.Power; NOSTATE where there is no such guest."""


class Pause(abc.ABC):
    """Pauses guests in memory, or suspends them with their memory on disk, and resumes them.

    :raises GuestNotFound: there is no such guest (not from resume).
    """

    @abc.abstractmethod
    def pause(self, server_id):
        """Stop the guest's processors."""

    @abc.abstractmethod
    def unpause(self, server_id):
        """Let a paused guest's processors run."""

    @abc.abstractmethod
    def resume_halted(self, server_id):
        """Resume a guest of ``host.halted()``; the hypervisor repeats the writes that had failed.

        :returns: whether the guest runs; False where its disk is still full, or nothing had halted it.
        """

    @abc.abstractmethod
    def suspend(self, server_id):
        """Write the guest's memory to disk and turn it off.

        :raises HypervisorError: the guest is off and nothing was saved.
        """

    @abc.abstractmethod
    def resume(self, spec):
        """Start the guest with the memory it was suspended with; where there is none, as ``power.start``."""


class Rescue(abc.ABC):
    """Boots guests from another disk, so that their own can be repaired."""

    @abc.abstractmethod
    def rescue(self, spec):
        """Cut the power and boot the guest with the disks of ``spec``, among them one called spec.RESCUE.

        :raises DiskTooSmall, ImageUnacceptable: the host cannot offer that disk.
        """

    @abc.abstractmethod
    def unrescue(self, spec):
        """Cut the power, start the guest with the disks of ``spec``, its own, and remove those it was rescued with."""


class Snapshot(abc.ABC):
    """Copies guests' disks."""

    @abc.abstractmethod
    def take(self, server_id, must_be_quiet=False, cancelled=None):
        """Copy the guest's root disk, as it is at one moment, into a qcow2 file without a backing image.

        A running guest is not stopped; where its agent answers, its file systems are frozen at that moment.
        :param must_be_quiet: fail where the agent of a running guest does not answer.
        :param cancelled: as of ``Power.stop``.
        :returns: the file's path.
        :raises HypervisorError: and nothing of the copy is left.
        """

    @abc.abstractmethod
    def drop(self, server_id):
        """End a copy that is under way, thaw the guest's file systems, and remove the copy's files."""

    @abc.abstractmethod
    def leftovers(self):
        """List the ids of the guests of which there is a copy or a part of one."""


class Resize(abc.ABC):
    """Gives guests another size, and the one before back."""

    @abc.abstractmethod
    def check(self, spec):
        """:raises HypervisorError: the guest cannot be resized to ``spec``; its disk would have to shrink."""

    @abc.abstractmethod
    def resize(self, spec, label):
        """Cut the power, keep copies of the disks as they are, and make the guest's own as large as in ``spec``.

        Ephemeral disks are grown, missing ones made; swap is made anew.

        :param label: letters, digits and dashes that name this resize among others; a repeat has the same.
        """

    @abc.abstractmethod
    def revert(self, spec, label):
        """Cut the power and put back the copies that this resize made, if it did; later changes are lost.

        :param spec: the guest as it was before.
        """

    @abc.abstractmethod
    def confirm(self, server_id):
        """Remove the copies that resizes made."""


class Interfaces(abc.ABC):
    """Plugs NICs into guests and unplugs them.  A guest that is off has the NICs of its spec at its next start."""

    @abc.abstractmethod
    def attach(self, spec, mac):
        """Plug in the NIC of ``spec`` with this MAC, at once if the guest runs; one that it has already is left alone.

        :raises HypervisorError: and the guest is as it was.
        """

    @abc.abstractmethod
    def detach(self, server_id, mac, cancelled=None):
        """Unplug the NIC with this MAC, and return when the guest has let go of it; nothing happens where it has none.

        :param cancelled: as of ``Power.stop``.
        :raises HypervisorError: the guest does not let go of it.
        """


class Volumes(abc.ABC):
    """Plugs disks that exist apart from guests into them, and unplugs them; each is known by its serial, a volume's id.

    A guest that is off has the disks of its spec at its next start.
    """

    @abc.abstractmethod
    def attach(self, server_id, disk):
        """Plug in a disk, at once if the guest runs; nothing happens where it has it already.

        :param disk: a virt.spec.Disk without content.  It gets the first name that is free; where it says no bus, it is
            on that of the guest's first disk.
        :raises HypervisorError: and the guest is as it was.
        """

    @abc.abstractmethod
    def detach(self, server_id, disk, cancelled=None):
        """Unplug a disk, and return when the guest has let go of it; nothing happens where it has no such disk.

        :param cancelled: as of ``Power.stop``.
        :raises HypervisorError: the guest does not let go of it.
        """


class Guest(abc.ABC):
    """Reads and changes what only the guest or its hypervisor process knows.

    :raises GuestNotFound: there is no such guest.
    """

    @abc.abstractmethod
    def diagnostics(self, server_id):
        """{"standard": as from 2.48, without config_drive, "legacy": as before}.  :raises GuestOff:"""

    @abc.abstractmethod
    def nmi(self, server_id):
        """Send the guest a non-maskable interrupt; its operating system decides what that does."""

    @abc.abstractmethod
    def set_password(self, server_id, user, password):
        """Set a user's password by the guest's agent.

        :raises HypervisorError: the agent does not answer, or refuses.
        """


class Console(abc.ABC):
    """Serial ports and screens of guests."""

    @abc.abstractmethod
    def log(self, server_id, max_bytes):
        """Return the end of the serial port's log as bytes, at most ``max_bytes``; b"" where nothing was printed.

        :raises GuestNotFound: no such guest.
        """

    @abc.abstractmethod
    def screen(self, server_id):
        """Return a callable that connects to the VNC server of a running guest and returns the file descriptor.

        :raises GuestNotFound: it does not run.
        """

    @abc.abstractmethod
    def terminal(self, server_id):
        """Return the path of the terminal device that is a running guest's serial port.

        :raises GuestNotFound: it does not run.
        """


class Host(abc.ABC):
    """The machine and its hypervisor."""

    @abc.abstractmethod
    def facts(self):
        """Return the spec.HostFacts of this moment."""

    @abc.abstractmethod
    def guests(self):
        """{server id: objects.states.Power} of the guests that this cloud defined on this host."""

    @abc.abstractmethod
    def halted(self):
        """{server id: reason} of guests that the hypervisor stopped because a write to one of their disks failed."""

    @abc.abstractmethod
    def nics(self):
        """{server id: [MAC]} of the NICs that this cloud plugged into running guests; those of others are left out."""

    @abc.abstractmethod
    def disks(self):
        """{server id: the fault of its files, "" for none}; None where guests have no files."""

    @abc.abstractmethod
    def bases(self):
        """Names of the image files that are backing images of disks here, whether their servers are known or not."""

    @abc.abstractmethod
    def watch(self, callback):
        """Call ``callback(server_id, objects.states.Power)`` at each change of a guest's power, until closed.

        The callback runs on an ordinary (green) thread of the service and may block.  Changes that happened while the
        hypervisor was out of reach are reported when it is back; a guest that is gone is reported as NOSTATE.
        """

    @abc.abstractmethod
    def check(self):
        """Raise HypervisorUnavailable unless the hypervisor answers within a few seconds."""


class Driver:
    """A driver: one object for each capability, None where it does not have it.

    :ivar image_cache: whether guests need the image's bytes on this host.
    :ivar network: whether guests need real bridges and DHCP on this host.
    """

    build: Build
    power: Power
    pause: Pause | None
    rescue: Rescue | None
    snapshot: Snapshot | None
    resize: Resize | None
    interfaces: Interfaces | None
    volumes: Volumes | None
    guest: Guest | None
    console: Console | None
    host: Host
    image_cache: bool = True
    network: bool = True

    def close(self):
        """Close connections and end threads."""


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
        raise exceptions.Misconfigured(problem=f"Driver {name} cannot be loaded: {error}.",
                                      remedy="Install what it needs: pip install 'nova_lite[libvirt]'.") from error
