"""The auditor's half that judges what a host sees of itself: guests, their files, ports, devices."""

from nova_lite.conductor import strangers
from nova_lite.db import audit, server_objects
from nova_lite.objects.drift import Finding, Verdict
from nova_lite.objects.states import Power, Vm

_AT_REST = (Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED)
_HAS_GUEST = (Vm.ACTIVE, Vm.PAUSED)


def judge(session, network, host, sight):
    """The objects.Verdict on a Sight of ``host``.  Servers that are busy, here or there, are not judged."""
    here = audit.on_host(session, host)
    named = {*sight.guests, *(sight.disks or ()), *sight.ports.values()}
    court = _Court(host, here, strangers.of(session, host, named - set(here) - set(sight.busy)), set(sight.busy))
    court.guests(sight.guests)
    court.disks(sight.disks, sight.guests)
    wanting = court.ports(sight.ports, audit.ports_of_host(session, host))
    court.taps(sight)
    nics = network.nics_by_server(session, sorted(wanting)) if wanting else {}
    servers = [server_objects.build(server_objects.row(session, each), nics.get(each, [])) for each in sorted(wanting)]
    return Verdict.make(findings=court.findings, servers=servers)


class _Court:
    """:param here: {server id: row} placed on the host.  :param strangers: what the others are that it has of."""

    def __init__(self, host, here, others, busy):
        self.findings = []
        self._host = host
        self._here = here
        self._strangers = others
        self._busy = busy

    def _find(self, kind, subject, detail=""):
        self.findings.append(Finding.of(kind, subject, detail))

    def _rests(self, server_id):
        """Whether nothing is being done to a server of this host."""
        row = self._here[server_id]
        return row.task_state is None and server_id not in self._busy and row.vm_state in _AT_REST

    def guests(self, guests):
        for server_id in guests:
            if server_id not in self._here and (what := self._strangers.get(server_id)):
                self._find(f"guest_{what}", server_id)
        for server_id, row in self._here.items():
            if server_id not in guests and row.vm_state in _HAS_GUEST and self._rests(server_id):
                self._find("guest_missing", server_id)

    def disks(self, disks, guests):
        if disks is None:
            return
        for server_id, problem in disks.items():
            if server_id in self._here:
                if problem and self._rests(server_id):
                    self._find("disk_missing", server_id, problem)
            elif server_id not in guests and (what := self._strangers.get(server_id)):
                self._find(f"disk_{what}", server_id)
        for server_id in self._here:
            if server_id not in disks and self._rests(server_id):
                self._find("disk_missing", server_id, "it has no files here")

    def ports(self, plugged, expected):
        """Ids of the servers of which a port is not plugged."""
        for port_id, server_id in plugged.items():
            if port_id not in expected and server_id not in self._busy and self._may_go(server_id):
                self._find("port_stray", port_id, f"of server {server_id}")
        wanting = set()
        for port_id, server_id in expected.items():
            if port_id not in plugged and server_id in self._here and self._rests(server_id):
                self._find("port_unplugged", port_id, f"of server {server_id}")
                wanting.add(server_id)
        return wanting

    def _may_go(self, server_id):
        if server_id in self._here:
            return self._here[server_id].task_state is None
        return self._strangers.get(server_id) is not None

    def taps(self, sight):
        if sight.taps is None:
            return
        of_ports = {_tap(port_id): server_id for port_id, server_id in sight.ports.items()}
        for tap in sight.taps:
            if tap not in of_ports:
                self._find("tap_unknown", tap)
        for tap, server_id in of_ports.items():
            runs = sight.guests.get(server_id) == Power.RUNNING
            if runs and tap not in sight.taps and server_id in self._here and self._rests(server_id):
                self._find("tap_missing", tap, f"of server {server_id}")


def _tap(port_id):
    return "tap" + port_id[:11]
