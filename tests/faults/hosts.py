"""Simulated compute hosts: what a host has outlives its service, and every touch of it takes time and may be cut short.

The driver is the fake one, made to have files and to do its work in two halves with a failpoint between them.
"""

import contextlib
import dataclasses
import os
from unittest import mock

from nova_lite.common import concurrency, exceptions, failpoints
from nova_lite.conf import CONF
from nova_lite.network.planes.fake import FakePlane
from nova_lite.network.planes.port_table import PortTable
from nova_lite.network.planes.state import Port
from nova_lite.objects.states import Power
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
        with mock.patch.object(guests, "Guests", lambda _folder, changed: Guests(shelf, life, changed)):
            super().__init__(conf)
        self.build = Build(shelf, life, self.build._guests, conf)
        self.host.__class__ = Host
        self.host._shelf = shelf


class Ports(PortTable):
    """Ports stay plugged when the service dies, of which the next one then knows no more than whose they are."""

    def __init__(self, shelf):
        super().__init__()
        self._shelf = shelf
        for port_id, server_id in list(shelf.ports.items()):
            super().__setitem__(port_id, Port(
                port_id=port_id, server_id=server_id, network_id="", bridge="", tap="", mac="", mtu=0, hostname="",
                addresses=(), revision=-1, network_revision=-1))

    def __setitem__(self, port_id, port):
        super().__setitem__(port_id, port)
        self._shelf.ports[port_id] = port.server_id

    def __delitem__(self, port_id):
        super().__delitem__(port_id)
        self._shelf.ports.pop(port_id, None)


class Network(FakePlane):
    def __init__(self, shelf, life):
        super().__init__(CONF, lambda _server_ids: {
            mac for guest in tuple(shelf.guests.values())
            if guest.power in (Power.RUNNING, Power.PAUSED) for mac in guest.macs})
        self.remembered = Ports(shelf)
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

    def apply(self, changes, since, in_use):
        self._life.check()
        return super().apply(changes, since, in_use)


class Images:
    """A cache of images of which only the ids are kept."""

    def __init__(self, shelf, life):
        self._shelf, self._life = shelf, life

    def fetch(self, image, _cancelled=None):
        concurrency.sleep(0.1)
        self._life.check()
        if not image.token:
            raise exceptions.ImageUnacceptable(image_id=image.id, reason="no token came with it.")
        self._shelf.images.add(image.id)
        return f"/cache/{image.id}", image.disk_format

    def prune(self, used):
        gone = self._shelf.images - used
        self._shelf.images &= used
        return sorted(gone)
