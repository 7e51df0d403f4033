"""Simulated compute hosts: what a host has outlives its service, and every touch of it takes time and may be cut short.

The driver is the fake one, made to have files and to do its work in two halves with a failpoint between them.
"""

import contextlib
import dataclasses
import os
from unittest import mock

from nova_lite.common import concurrency, exception, failpoints
from nova_lite.network.host.fake import FakeHostNetwork
from nova_lite.virt import fake
from nova_lite.virt.fake import driver, guests
from tests.faults import invariants


@dataclasses.dataclass
class Shelf:
    """What one host has outside the database.

    :ivar failures: [exception] that the next spawns raise.  :ivar refusals: those that the next changes of a guest do.
    """

    guests: dict = dataclasses.field(default_factory=dict)
    disks: set = dataclasses.field(default_factory=set)
    ports: dict = dataclasses.field(default_factory=dict)
    images: set = dataclasses.field(default_factory=set)
    failures: list = dataclasses.field(default_factory=list)
    refusals: list = dataclasses.field(default_factory=list)

    def copy(self):
        return Shelf(dict(self.guests), set(self.disks), dict(self.ports), set(self.images))

    def seen(self, folder):
        """As the checker wants it; what the fake driver leaves in ``folder`` are copies that nobody wants any more."""
        copies = set()
        with contextlib.suppress(FileNotFoundError):
            copies = set(os.listdir(os.path.join(folder, "fake")))
        nics = {key: set(guest.macs) for key, guest in self.guests.items()}
        return invariants.Host(self._powers(), dict(self.ports), self.disks | copies, nics=nics)

    def _powers(self):
        return {key: guest.power for key, guest in self.guests.items()}


def between(name):
    """An effect is half done."""
    if failpoints.watching:
        failpoints.hit(f"host.{name}.half")


class Guests(guests.Guests):
    """The fake driver's guests, on a shelf instead of in files."""

    def __init__(self, shelf, life, changed):
        self._shelf, self._life = shelf, life
        super().__init__("", changed)

    def _write(self, guest):
        self._life.check()
        if self._shelf.refusals:
            raise self._shelf.refusals.pop(0)
        self._shelf.guests[guest.id] = guest

    def remove(self, server_id):
        self._life.check()
        self._shelf.guests.pop(server_id, None)
        super().remove(server_id)

    def _remembered(self):
        return list(self._shelf.guests.values())


class Build(driver.Build):
    def __init__(self, shelf, life, *rest):
        super().__init__(*rest)
        self._shelf, self._life = shelf, life

    def spawn(self, spec):
        self._life.check()
        self._shelf.disks.add(spec.id)
        between("spawn")
        if self._shelf.failures:
            raise self._shelf.failures.pop(0)
        super().spawn(spec)

    def destroy(self, server_id):
        super().destroy(server_id)
        between("destroy")
        self._life.check()
        self._shelf.disks.discard(server_id)


class Host(driver.Host):
    def disks(self):
        return dict.fromkeys(self._shelf.disks, "")


class Driver(fake.FakeDriver):
    """The fake driver of a simulated host; guests have files and boot from images."""

    image_cache = True

    def __init__(self, shelf, life, conf):
        with mock.patch.object(driver, "Guests", lambda _folder, changed: Guests(shelf, life, changed)):
            super().__init__(conf)
        self.build = Build(shelf, life, self.build._guests, conf)
        self.host.__class__ = Host
        self.host._shelf = shelf


class Network(FakeHostNetwork):
    """Ports stay plugged when the service dies."""

    def __init__(self, shelf, life):
        self.plugged = shelf.ports
        self._life = life

    def plug(self, nics, server):
        made = []
        for nic in nics:
            concurrency.sleep(0.01)
            self._life.check()
            made += super().plug([nic], server)
            between("plug")
        return made

    def unplug(self, nics):
        for nic in nics:
            self._life.check()
            super().unplug([nic])
            between("unplug")

    def sync(self, servers):
        self._life.check()
        wanted = {nic.port_id: server.id for server in servers for nic in server.nics}
        self.plugged.clear()
        self.plugged.update(wanted)


class Images:
    """A cache of images of which only the ids are kept."""

    def __init__(self, shelf, life):
        self._shelf, self._life = shelf, life

    def fetch(self, image, _cancelled=None):
        concurrency.sleep(0.1)
        self._life.check()
        if not image.token:
            raise exception.ImageUnacceptable(image_id=image.id, reason="no token came with it.")
        self._shelf.images.add(image.id)
        return f"/cache/{image.id}", image.disk_format

    def prune(self, used):
        gone = self._shelf.images - used
        self._shelf.images &= used
        return sorted(gone)
