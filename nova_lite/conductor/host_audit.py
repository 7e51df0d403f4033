"""The auditor's half that judges what a host sees of itself: guests, their files, ports, devices, cached images."""

import collections
import re

from nova_lite.common import context as contexts
from nova_lite.conductor import strangers
from nova_lite.db import audit, drifts, server_objects
from nova_lite.objects.drift import Finding, Verdict
from nova_lite.objects.states import Power, Vm

_AT_REST = (Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED, Vm.RESCUED, Vm.RESIZED, Vm.SHELVED, Vm.SOFT_DELETED)
_HAS_GUEST = (Vm.ACTIVE, Vm.PAUSED)
_ID = 36            # characters of an image's id, with which the name of its file begins
#: What virt/libvirt/disks.py says of a disk whose base is gone; the group is the name of the image's file.
_BASE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-[0-9a-f]+)?), on which its disk lies, is gone")


def judge(session, doors, host, sight):
    """The objects.Verdict on a Sight of ``host``.  Servers that are busy, here or there, are not judged.

    :param doors: the facades; network is used, and image and identity where the host must fetch one.
    """
    here = audit.on_host(session, host)
    named = {*sight.guests, *(sight.disks or ()), *sight.ports.values()}
    court = _Court(here, strangers.of(session, host, named - set(here) - set(sight.busy)), sight)
    court.guests(sight.guests)
    court.halted(sight.halted)
    court.disks(sight.disks, sight.guests)
    expected = audit.ports_of_host(session, host)
    court.nics(sight.nics, expected)
    court.ports(expected)
    court.leases(expected)
    court.taps()
    lost = _Images(session, host, sight, court).judge() if sight.images is not None else []
    wanting = sorted(court.wanting)
    nics = doors.network.nics_by_server(session, wanting) if wanting else {}
    servers = [server_objects.build(server_objects.row(session, each), nics.get(each, [])) for each in wanting]
    return Verdict.make(findings=court.findings, servers=servers, images=[_with_token(doors, each) for each in lost])


def _with_token(doors, image_id):
    """objects.Image with a token to fetch it by."""
    image = doors.image.for_server(contexts.admin(), image_id)
    image.token = doors.identity.service_token()
    return image


class _Court:
    """:param here: {server id: row} placed on the host.  :param others: what the other servers are that it has of.

    :ivar wanting: ids of servers whose ports the host must plug again, or their guests' NICs.
    :ivar lacking: {name of an image's file: how many servers at rest have their disks on it}, not in the cache.
    """

    def __init__(self, here, others, sight):
        self.findings = []
        self.wanting = set()
        self.lacking = collections.Counter()
        self._here = here
        self._strangers = others
        self._sight = sight
        self._busy = set(sight.busy)
        self._unwired = set()               # devices of ports whose NICs the guests lack

    def find(self, kind, subject, detail=""):
        self.findings.append(Finding.of(kind, subject, detail))

    def rests(self, server_id):
        """Whether nothing is being done to a server of this host."""
        row = self._here[server_id]
        return row.task_state is None and server_id not in self._busy and row.vm_state in _AT_REST

    def guests(self, guests):
        for server_id in guests:
            if server_id not in self._here and (what := self._strangers.get(server_id)):
                self.find(f"guest_{what}", server_id)
        for server_id, row in self._here.items():
            if server_id not in guests and row.vm_state in _HAS_GUEST and self.rests(server_id):
                self.find("guest_missing", server_id)

    def halted(self, halted):
        """One that its user paused as well stays so until its user wants otherwise."""
        for server_id, why in halted.items():
            if server_id in self._here and self.rests(server_id) and self._here[server_id].vm_state != Vm.PAUSED:
                self.find("guest_halted", server_id, why)

    def disks(self, disks, guests):
        if disks is None:
            return
        for server_id, problem in disks.items():
            if server_id in self._here:
                if problem and self.rests(server_id):
                    self._disk(server_id, problem)
            elif server_id not in guests and (what := self._strangers.get(server_id)):
                self.find(f"disk_{what}", server_id)
        for server_id in self._here:
            if server_id not in disks and self.rests(server_id):
                self.find("disk_missing", server_id, "it has no files here")

    def _disk(self, server_id, problem):
        """What is wrong with a disk; an image below it that the cache lacks is told once for all servers."""
        below, cached = _BASE.search(problem), self._sight.images
        if below and cached is not None and all(each.name != below[1] for each in cached):
            self.lacking[below[1]] += 1
        else:
            self.find("disk_missing", server_id, problem)

    def nics(self, nics, expected):
        """:param nics: {server id: [MAC]} of guests that run.  :param expected: as ``ports``."""
        wanted = collections.defaultdict(set)
        for port_id, (server_id, mac, _) in expected.items():
            wanted[server_id].add(mac)
            if self._may_be_wired(server_id) and mac not in nics.get(server_id, [mac]):
                self.find("nic_missing", port_id, f"{mac} of server {server_id}")
                self._unwired.add(_tap(port_id))
                self.wanting.add(server_id)
        for server_id, has in nics.items():
            for mac in set(has) - wanted[server_id] if self._may_be_wired(server_id) else ():
                self.find("nic_stray", mac, f"of server {server_id}")
                self.wanting.add(server_id)

    def _may_be_wired(self, server_id):
        """A server that an operator called broken has its ports and its guest all the same."""
        row = self._here.get(server_id)
        broken = row is not None and row.vm_state == Vm.ERROR and row.task_state is None and server_id not in self._busy
        return broken or row is not None and self.rests(server_id)

    def ports(self, expected):
        """:param expected: {port id: (server id, MAC, its leases)} by the database."""
        plugged = self._sight.ports
        for port_id, server_id in plugged.items():
            if port_id not in expected and server_id not in self._busy and self._may_go(server_id):
                self.find("port_stray", port_id, f"of server {server_id}")
        for port_id, (server_id, _, _) in expected.items():
            if port_id not in plugged and server_id in self._here and self.rests(server_id):
                self.find("port_unplugged", port_id, f"of server {server_id}")
                self.wanting.add(server_id)

    def _may_go(self, server_id):
        """A guest that is left alone keeps its network."""
        if server_id in self._here:
            return self._here[server_id].task_state is None
        what = self._strangers.get(server_id)
        return what == strangers.ORPHANED or what is not None and server_id not in self._sight.guests

    def leases(self, expected):
        known, plugged = self._sight.leases, self._sight.ports
        if known is None:
            return
        for port_id, (server_id, _, leases) in expected.items():
            lacking = leases - set(known)
            if lacking and port_id in plugged and server_id in self._here and self.rests(server_id):
                self.find("lease_missing", port_id, f"{', '.join(sorted(lacking))} of server {server_id}")
                self.wanting.add(server_id)
        for lease, port_id in known.items():
            if not port_id:
                self.find("lease_stray", lease)

    def taps(self):
        sight = self._sight
        if sight.taps is None:
            return
        of_ports = {_tap(port_id): server_id for port_id, server_id in sight.ports.items()}
        for tap in sight.taps:
            if tap not in of_ports:
                self.find("tap_unknown", tap)
        for tap, server_id in of_ports.items():
            runs = sight.guests.get(server_id) in (Power.RUNNING, Power.PAUSED) and tap not in self._unwired
            if runs and tap not in sight.taps and server_id in self._here and self.rests(server_id):
                self.find("tap_loose" if tap in sight.loose else "tap_missing", tap, f"of server {server_id}")


def _tap(port_id):
    return "tap" + port_id[:11]


class _Images:
    """Judges a host's image cache."""

    def __init__(self, session, host, sight, court):
        self._sight = sight
        self._court = court
        self._in_use = set(server_objects.images_of_host(session, host))
        ids = {each.name[:_ID] for each in sight.images} | {name[:_ID] for name in court.lacking}
        self._known = {}
        for some in drifts.chunks(sorted(ids)):
            self._known |= audit.images(session, some)

    def judge(self):
        """Ids of images that the host must fetch."""
        for each in self._sight.images:
            if problem := self._problem(each):
                used = each.name[:_ID] in self._in_use
                self._court.find("base_damaged" if used else "image_damaged", each.name, problem)
        for each in self._sight.leftovers:
            self._court.find("image_leftover", each)
        for each in self._sight.unknown:
            self._court.find("image_unknown", each)
        return list(self._missing())

    def _problem(self, cached):
        row, head = self._known.get(cached.name[:_ID]), cached.name[_ID + 1:]
        if row is not None and row.size is not None and row.size != cached.size:
            return f"it has {cached.size} bytes, not {row.size}"
        if cached.digest and head and not cached.digest.startswith(head):
            return f"its SHA-512 begins with {cached.digest[:len(head)]}"
        return ""

    def _missing(self):
        for name, servers in self._court.lacking.items():
            row = self._known.get(name[:_ID])
            there = row is not None and row.status == "active"
            self._court.find("image_missing" if there else "image_lost", name, f"below {servers} server(s)")
            if there:
                yield name[:_ID]
