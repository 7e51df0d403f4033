"""The part of the auditor that compares a host's report with the database: guests, files, ports, devices, images."""

import collections
import re

from nova_lite.conductor import unplaced_guests
from nova_lite.db import audit, interfaces, server_objects
from nova_lite.objects.drift import Finding, Verdict
from nova_lite.objects.states import Power, Vm

_AT_REST = (Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED, Vm.RESCUED, Vm.RESIZED, Vm.SHELVED, Vm.SOFT_DELETED)
_HAS_GUEST = (Vm.ACTIVE, Vm.PAUSED)
_ID = 36            # characters of an image's id, with which the name of its file begins
#: The problem that virt/libvirt/disks.py reports of a disk without its base image; the group is the file's name.
_BASE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-[0-9a-f]+)?), on which its disk lies, is gone")


def check(session, network, host, report):
    """(objects.Verdict, the Images that are to be checked when no transaction is open; None: the host reports none).

    Servers with a task, in the database or on the host, are not checked.
    :param network: the facade.  :param host: its name.  :param report: its objects.HostReport.
    """
    here = audit.on_host(session, host)
    named = {*report.guests, *(report.disks or ()), *report.ports.values()}
    checker = HostChecker(here, unplaced_guests.of(session, host, named - set(here) - set(report.busy)), report)
    checker.guests(report.guests)
    checker.halted(report.halted)
    checker.disks(report.disks, report.guests)
    # Ports of the embedded service are compared themselves; of a remote one, what compute keeps of its ports.
    expected = (audit.ports_of_host if network.embedded else interfaces.ports_of_host)(session, host)
    checker.nics(report.nics, expected)
    checker.ports(expected)
    checker.leases(expected)
    checker.taps()
    checker.strays()
    checker.altered()
    images = Images(session, host, report, checker) if report.images is not None else None
    wanting = sorted(checker.wanting)
    nics = interfaces.nics(session, wanting) if wanting else {}
    servers = [server_objects.build(server_objects.row(session, each), nics.get(each, [])) for each in wanting]
    return Verdict.make(findings=checker.findings, servers=servers, images=[]), images


class HostChecker:
    """Collects the findings of one host.

    :param here: {server id: row} of the servers placed on the host.
    :param others: {server id: as unplaced_guests.of says} of other servers of which the host has something.
    :param report: objects.HostReport.
    :ivar findings: [objects.drift.Finding]
    :ivar wanting: ids of servers whose ports, or whose guests' NICs, the host must plug again.
    :ivar lacking: {name of a file missing in the image cache: how many servers at rest have disks over it}
    """

    def __init__(self, here, others, report):
        self.findings = []
        self.wanting = set()
        self.lacking = collections.Counter()
        self._here = here
        self._unplaced = others
        self._report = report
        self._busy = set(report.busy)
        self._unwired = set()               # devices of ports whose NICs the guests lack

    def find(self, kind, subject, detail=""):
        self.findings.append(Finding.of(kind, subject, detail))

    def rests(self, server_id):
        """Whether a server of this host has no task and a state in which its guest must be as the database says."""
        row = self._here[server_id]
        return row.task_state is None and server_id not in self._busy and row.vm_state in _AT_REST

    def guests(self, guests):
        for server_id in guests:
            if server_id not in self._here and (what := self._unplaced.get(server_id)):
                self.find(f"guest_{what}", server_id)
        for server_id, row in self._here.items():
            if server_id not in guests and row.vm_state in _HAS_GUEST and self.rests(server_id):
                self.find("guest_missing", server_id)

    def halted(self, halted):
        """Find guests that QEMU halted, but those that their users have paused as well."""
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
            elif server_id not in guests and (what := self._unplaced.get(server_id)):
                self.find(f"disk_{what}", server_id)
        for server_id in self._here:
            if server_id not in disks and self.rests(server_id):
                self.find("disk_missing", server_id, "it has no files here")

    def _disk(self, server_id, problem):
        """Find a disk with a problem; an image missing below it is one finding for all servers with disks over it."""
        below, cached = _BASE.search(problem), self._report.images
        if below and cached is not None and all(each.name != below[1] for each in cached):
            self.lacking[below[1]] += 1
        else:
            self.find("disk_missing", server_id, problem)

    def nics(self, nics, expected):
        """Find NICs that guests lack or should not have.

        :param nics: {server id: [MAC]} of running guests.  :param expected: as of ``ports``.
        """
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
        """Whether a guest must have its server's NICs: the server is at rest, or in ERROR without a task."""
        row = self._here.get(server_id)
        broken = row is not None and row.vm_state == Vm.ERROR and row.task_state is None and server_id not in self._busy
        return broken or row is not None and self.rests(server_id)

    def ports(self, expected):
        """Find ports that the host should not have plugged, and those that it lacks.

        :param expected: {port id: (server id, MAC, its DHCP leases)} of the database.
        """
        plugged = self._report.ports
        for port_id, server_id in plugged.items():
            if port_id not in expected and server_id not in self._busy and self._may_go(server_id):
                self.find("port_stray", port_id, f"of server {server_id}")
        for port_id, (server_id, _, _) in expected.items():
            if port_id not in plugged and server_id in self._here and self.rests(server_id):
                self.find("port_unplugged", port_id, f"of server {server_id}")
                self.wanting.add(server_id)

    def _may_go(self, server_id):
        """Whether a stray port of a server may be unplugged: a guest that is only reported keeps its network."""
        if server_id in self._here:
            return self._here[server_id].task_state is None
        what = self._unplaced.get(server_id)
        return (what == unplaced_guests.ORPHANED
                or what == unplaced_guests.ELSEWHERE and server_id not in self._report.guests)

    def leases(self, expected):
        known, plugged = self._report.leases, self._report.ports
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
        report = self._report
        if report.taps is None:
            return
        of_ports = {_tap(port_id): server_id for port_id, server_id in report.ports.items()}
        for tap in report.taps:
            if tap not in of_ports:
                self.find("tap_unknown", tap)
        for tap, server_id in of_ports.items():
            runs = report.guests.get(server_id) in (Power.RUNNING, Power.PAUSED) and tap not in self._unwired
            if runs and tap not in report.taps and server_id in self._here and self.rests(server_id):
                self.find("tap_loose" if tap in report.loose else "tap_missing", tap, f"of server {server_id}")

    def strays(self):
        for network_id in self._report.strays if self._report.obj_attr_is_set("strays") else ():
            self.find("network_stray", network_id)

    def altered(self):
        for each in self._report.later("altered"):
            self.find("rules_altered", each)


def _tap(port_id):
    return "tap" + port_id[:11]


class Images:
    """Checks a host's image cache against the image service.

    :ivar ids: of the images that the service must be asked for.
    """

    def __init__(self, session, host, report, checker):
        self._report, self._lacking = report, checker.lacking
        self._in_use = set(server_objects.images_of_host(session, host))
        self.ids = {each.name[:_ID] for each in report.images} | {name[:_ID] for name in checker.lacking}

    def check(self, known):
        """([Finding], ids of images that the host must fetch).

        :param known: {image id: row with size and status}; None: the service does not answer, so it says of no image
            whether it is there.
        """
        found = []
        for each in self._report.images:
            if problem := self._problem(each, known or {}):
                used = each.name[:_ID] in self._in_use
                found.append(Finding.of("base_damaged" if used else "image_damaged", each.name, problem))
        found += [Finding.of("image_leftover", each, "") for each in self._report.leftovers]
        found += [Finding.of("image_unknown", each, "") for each in self._report.unknown]
        missing, fetched = self._missing(known) if known is not None else ([], [])
        return found + missing, fetched

    @staticmethod
    def _problem(cached, known):
        row, head = known.get(cached.name[:_ID]), cached.name[_ID + 1:]
        if row is not None and row.size is not None and row.size != cached.size:
            return f"it has {cached.size} bytes, not {row.size}"
        if cached.digest and head and not cached.digest.startswith(head):
            return f"its SHA-512 begins with {cached.digest[:len(head)]}"
        return ""

    def _missing(self, known):
        """([Finding], ids of those that the service has)."""
        found, there = [], []
        for name, servers in self._lacking.items():
            row = known.get(name[:_ID])
            has = row is not None and row.status == "active"
            found.append(Finding.of("image_missing" if has else "image_lost", name, f"below {servers} server(s)"))
            there += [name[:_ID]] if has else []
        return found, there
