"""The auditor's half that looks at the database: what must agree there.  What hosts see is judged in host_audit.

``CHECKS`` is the list: each is a pure function of one server's View.  A look reads one moment; what it can mend it sees
again under the lock of the row that every transaction about it writes, before that counts and is mended.

``Auditor(network, repair=False).examine_all()`` answers [objects.drift.Finding] of the whole database and changes
nothing: tests call it.
"""

import dataclasses
import datetime
import json
import logging
import time

from nova_lite import db
from nova_lite.common import concurrency
from nova_lite.common import context as contexts
from nova_lite.conf import CONF
from nova_lite.db import allocations, audit, drifts, quotas
from nova_lite.db.base import now
from nova_lite.db.faults import fault
from nova_lite.objects.drift import KINDS, Finding
from nova_lite.objects.states import Vm

LOG = logging.getLogger(__name__)

_PROJECTS = 20              # whose quota one look counts
_LATE = datetime.timedelta(seconds=60)      # after which an operation that nobody leads, or overdue, is worth a word


@dataclasses.dataclass(frozen=True)
class World:
    """What a server's View is held against.

    :ivar hosts: names of all hosts.  :ivar silent: those of them that show no life.
    :ivar told: {server id: (addresses, security groups)} by its ports.  :ivar moment: now.
    """

    hosts: set
    silent: set
    told: dict
    moment: datetime.datetime


# ---- one server: each check gives (kind, detail) pairs

def allocation(view, world):
    """Exactly what the flavor asks of exactly the host it is on."""
    server, held = view.server, view.allocation
    if server.host is not None and server.host not in world.hosts:
        return [("host_unknown", server.host)]
    if held is None:
        return [("allocation_missing", f"on {server.host}")] if server.host is not None else []
    if server.host is None:
        return [("allocation_unplaced", f"of {held.host}")]
    wanted = audit.asked(server.flavor)
    has = {name: getattr(held, name) for name in wanted}
    if held.host != server.host or has not in (wanted, audit.asked_while_resized(server)):
        return [("allocation_differs", f"{_amounts(has)} of {held.host}, not {_amounts(wanted)} of {server.host}")]
    return []


def task(view, world):
    """task_state is set exactly while one operation is open."""
    server, under_way = view.server, view.operations
    if not under_way:
        rests = server.task_state is None and server.vm_state != Vm.BUILDING
        return [] if rests else [("task_orphaned", f"{server.vm_state}, {server.task_state}")]
    if len(under_way) > 1:
        return [("operation_crowd", ", ".join(f"{each.name} {each.id}" for each in under_way))]
    if server.task_state is None:
        return [("operation_unclaimed", f"{under_way[0].name} {under_way[0].id}")]
    return []


def progress(view, world):
    """Each open operation is led by somebody, or waits for one who is there."""
    for each in view.operations:
        led = each.lease_until is not None and each.lease_until + _LATE > world.moment
        if each.deadline + _LATE < world.moment:
            yield "operation_overdue", f"{each.name} {each.id} at {each.place}"
        elif each.place in world.silent and not led and each.created_at + _LATE < world.moment:
            yield "operation_waiting", f"{each.name} {each.id} at {each.place}"


def ports(view, world):
    """The ports of a server that rests are where it is."""
    if view.server.task_state is not None:
        return []
    lost = [each.id for each in view.ports if each.host != view.server.host]
    return [("port_misplaced", f"{', '.join(lost)}: not on {view.server.host}")] if lost else []


def addresses(view, world):
    """A server shows what its ports have."""
    server = view.server
    shown = (server.addresses, server.security_groups)
    true = world.told.get(server.id, ([], []))
    return [] if shown == true else [("addresses_differ", f"shows {json.dumps(shown)}, has {json.dumps(true)}")]


CHECKS = (allocation, task, progress, ports, addresses)


def check(view, world):
    """[Finding] of one server.  One whose row makes no sense is named, and keeps no other from being seen."""
    try:
        return [Finding.of(kind, view.server.id, detail) for each in CHECKS for kind, detail in each(view, world)]
    except Exception as error:
        LOG.debug("Auditing server %s", view.server.id, exc_info=True)
        return [Finding.of("record_damaged", view.server.id, f"{type(error).__name__}: {error}")]


def _amounts(amounts):
    return f"{amounts['vcpus']} vCPU, {amounts['memory_mb']} MiB, {amounts['disk_gb']} GiB"


# ---- the look

class Auditor:
    """:param network: its facade.  :param repair: whether to mend; False only lists.
    :param compute_rpc: by which hosts are asked to look; where nobody asks it is not needed.
    """

    def __init__(self, network, repair=True, compute_rpc=None):
        self._network = network
        self._repair = repair
        self._compute = compute_rpc
        self._mends = {
            "allocation_missing": audit.mend_allocation, "allocation_differs": audit.mend_allocation,
            "allocation_unplaced": audit.mend_allocation, "task_orphaned": _rest,
            "port_misplaced": lambda session, server: network.place(session, server.id, server.host),
            "addresses_differ": lambda session, server: network.tell(session, server.id)}

    def look(self):
        """The periodic look, by one of all conductors: some servers and projects, orphans, every host's sums."""
        with db.writer() as session:
            position = drifts.take_turn(session, drifts.DATABASE, CONF.audit.interval * 0.5)
        if position is not None:
            began = time.monotonic()
            findings, position = self.examine(position)
            self._keep(findings, time.monotonic() - began, position)

    def look_if_asked(self):
        """Where somebody wants a look at once, look, or pass it on to the host."""
        with db.reader() as session:
            wanted = drifts.is_asked(session)
        if not wanted:
            return
        with db.writer() as session:
            taken = drifts.take_asked(session)
        for part, asked in taken:
            if part == drifts.DATABASE:
                concurrency.spawn(self._look_at_all, asked)
        for part, asked in taken:
            if part != drifts.DATABASE:
                self._compute.audit(contexts.admin(), part, asked.isoformat())

    def _look_at_all(self, asked):
        """A look at everything, which somebody waits for since ``asked``."""
        began = time.monotonic()
        self._keep(self.examine_all(), time.monotonic() - began, "", asked)

    @staticmethod
    def _keep(findings, seconds, position, asked=None):
        with db.writer() as session:
            new = drifts.record(session, drifts.DATABASE, findings)
            drifts.keep_parts(session, audit.hosts(session))
            drifts.count_operations(session)
            drifts.forget(session, CONF.audit.keep_days)
            drifts.looked(session, drifts.DATABASE, seconds, position, asked)
        tell(new)

    def examine_all(self):
        """[Finding] of the whole database, mended where it may be."""
        found, position = {}, ""
        while position != _BEGINNING:
            findings, position = self.examine(position)
            concurrency.sleep(0)            # let others in between
            found |= {each.key: each for each in findings if each.key not in found}
        return list(found.values())

    def examine(self, position="", batch=None):
        """([Finding], the position to go on from) of one look.

        :param batch: how many servers; None: as configured.
        """
        after, project = json.loads(position or _BEGINNING)
        with db.snapshot() as session:
            suspects, after = self._servers(session, after, batch or CONF.audit.batch)
            orphans = {kind: find(session) for kind, (find, _) in _ORPHANS.items()}
            differing = [host for host, has, held in audit.counters(session) if has != held]
            counted, project = _quotas(session, project)
        found = [self._confirm(each) for each in suspects]
        found += [finding for kind, rows in orphans.items() if rows for finding in self._freed(kind)]
        found += [self._sum(host) for host in differing]
        return [each for each in found if each] + counted, json.dumps([after, project])

    def _servers(self, session, after, batch):
        """([Finding] to be confirmed, the number of the last server or 0)."""
        page = audit.views(session, after, batch)
        seen = {view.server.id for view in page}
        known = [each for each in drifts.open_subjects(session, drifts.DATABASE, _OF_SERVERS) if each not in seen]
        views = page + [view for some in drifts.chunks(known) for view in audit.views_of(session, some)]
        world = self._world(session, [view.server.id for view in views])
        suspects = [finding for view in views for finding in check(view, world)]
        return suspects, page[-1].server.number if len(page) == batch else 0

    def _world(self, session, server_ids):
        return World(audit.hosts(session), audit.silent_hosts(session, CONF.operations.service_down_time),
                     self._network.told(session, server_ids), now())

    def _confirm(self, finding):
        """The finding, where it may be mended as it is under lock, and mended; None where it is over by then."""
        if finding.kind not in self._mends or not self._repair:
            return finding
        with db.writer() as session:
            view = audit.view_locked(session, finding.subject)
            if view is None:
                return None
            again = {each.kind: each for each in check(view, self._world(session, [finding.subject]))}
            found = again.get(finding.kind)
            if found:
                self._mends[finding.kind](session, view.server)
                found.repaired = True
        return found

    # ---- what belongs to nobody: a server that is deleted never comes back, so one statement is proof

    def _freed(self, kind):
        find, mend = _ORPHANS[kind]
        with db.reader() as session:
            found = find(session)
        for server_id, what in found if self._repair else ():
            with db.writer() as session:        # one each: nobody waits for all of them
                mend(self._network, session, server_id, what)
        of_server = {}
        for server_id, what in found:
            of_server.setdefault(server_id, []).append(what)
        return [Finding.of(kind, server_id, ", ".join(each), self._repair) for server_id, each in of_server.items()]

    # ---- sums

    def _sum(self, host):
        with db.writer() as session:
            for _, has, held in audit.counters(session, host, lock=True):
                if has != held:
                    if self._repair:
                        audit.mend_counters(session, host)
                    return Finding.of("counters_differ", host, f"said {_amounts(has)}; is {_amounts(held)}",
                                      self._repair)
        return None


#: Where a look at everything begins, and where it has ended: behind no server and no project.
_BEGINNING = json.dumps([0, ""])
#: What is found of single servers, and must be looked at again to be known gone.
_OF_SERVERS = frozenset(KINDS) - {"counters_differ", "quota_miscounted", "quota_exceeded"}
#: kind -> (what finds it, what mends one)
_ORPHANS = {
    "allocation_orphaned": (audit.orphaned_allocations, lambda _network, session, server_id, _host:
                            allocations.free(session, server_id)),
    "port_orphaned": (audit.orphaned_ports, lambda network, session, server_id, _port:
                      network.release(session, server_id)),
    "operation_orphaned": (audit.orphaned_operations, lambda _network, session, _server_id, operation_id:
                           audit.cancel(session, operation_id)),
}


def _rest(session, server):
    audit.mend_task(session, server, fault(500, "The server's build ended without a word; delete it."))


# ---- quotas: one moment is proof

def _quotas(session, after):
    """([Finding], the id of the last project or "")."""
    ids = audit.projects(session, after, _PROJECTS)
    kinds = ("quota_miscounted", "quota_exceeded")
    known = [each for each in drifts.open_subjects(session, drifts.DATABASE, kinds) if each not in ids]
    over, found = {}, []
    for project_id in [*ids, *known]:
        true = audit.usage(session, project_id)
        if true is None:
            continue                        # a flavor makes no sense; its server is named
        used = quotas.usage(session, project_id)
        if used != true:
            found.append(Finding.of("quota_miscounted", project_id, f"counts {used}; is {true}"))
        maxima = quotas.limits(session, project_id)
        over[project_id] = [(name, true[name], maxima[name]) for name in sorted(true)
                            if 0 <= maxima[name] < true[name]]
    for project_id, *excess in audit.beyond_network_quota(session):
        over.setdefault(project_id, []).append(excess)
    found += [Finding.of("quota_exceeded", project_id, ", ".join(f"{name}: {has} of {may}" for name, has, may in each))
              for project_id, each in over.items() if each]
    return found, ids[-1] if len(ids) == _PROJECTS else ""


def tell(findings, part=drifts.DATABASE):
    """Log what is new, with what to do."""
    for each in findings:
        kind = KINDS[each.kind]
        what = f"{each.kind} of {each.subject} at {part.strip('()')}: {kind.means} {each.detail}".rstrip()
        if each.repaired:
            LOG.warning("Drift mended, %s", what)
        else:
            LOG.warning("Drift, %s -> %s", what, kind.remedy or "to be mended")
