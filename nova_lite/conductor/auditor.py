"""The part of the auditor that compares the database with itself; host_audit compares it with what hosts have.

``CHECKS`` lists the checks of one server, each a pure function of its View.  A pass reads the database in one snapshot.
Before a difference counts and is repaired it is read again, under the lock of the row that every transaction about it
writes.

``Auditor(network, repair=False).examine_all()`` returns [objects.drift.Finding] of the whole database and changes
nothing: tests call it.
"""

import collections
import dataclasses
import datetime
import json
import logging
import time

from nova_lite import db
from nova_lite.common import concurrency
from nova_lite.common import context as contexts
from nova_lite.compute.actions import network_info
from nova_lite.conductor import left_changes, remote_ports
from nova_lite.conf import CONF
from nova_lite.db import (
    allocations,
    audit,
    desired_state,
    drifts,
    interfaces,
    locks,
    quota_usage,
    quotas,
    server_moves,
    service_changes,
)
from nova_lite.db.base import now
from nova_lite.db.faults import fault
from nova_lite.objects.allocation import Purpose
from nova_lite.objects.drift import KINDS, Finding
from nova_lite.objects.interface import ServerNetwork
from nova_lite.objects.states import Vm

LOG = logging.getLogger(__name__)

_PROJECTS = 20              # whose quota one pass counts
_LATE = datetime.timedelta(seconds=60)      # until an operation without a worker, or overdue, is a finding


@dataclasses.dataclass(frozen=True)
class World:
    """What a server's View is compared with.

    :ivar hosts: names of all hosts.  :ivar silent: those of them whose compute service is down.
    :ivar networks: {server id: objects.interface.ServerNetwork} by its ports; None where these are a remote service's,
        which cannot be asked in the same moment.
    :ivar stale: ids of servers whose interfaces differ from ``networks``.
    :ivar moment: when the snapshot was taken, in UTC.
    """

    hosts: set
    silent: set
    networks: dict
    stale: set
    moment: datetime.datetime


# ---- one server: each check gives (kind, detail) pairs

def allocation(view, world):
    """A server holds what its flavor asks of its host, and of other hosts only what an open migration needs."""
    server = view.server
    if server.host is not None and server.host not in world.hosts:
        return [("host_unknown", server.host)]
    wanted = server_moves.holding(server, view.migration)
    home, wanted_home = _of(Purpose.HOME, view.held), _of(Purpose.HOME, wanted)
    move, wanted_move = _of(Purpose.MOVE, view.held), _of(Purpose.MOVE, wanted)
    found = []
    if home and server.host is None:
        found.append(("allocation_unplaced", f"of {_held(home)}"))
    elif wanted_home and not home:
        found.append(("allocation_missing", f"on {server.host}"))
    elif home != wanted_home:
        found.append(("allocation_differs", f"{_held(home)}, not {_held(wanted_home)}"))
    if move != wanted_move:
        found.append(("move_allocation_differs", f"{_held(move)}, not {_held(wanted_move)}"))
    return found


def leftovers(view, world):
    """A server holds capacity of a host it has left only until that host has cleaned up after an evacuation."""
    over = set(_of(Purpose.LEFTOVER, view.held)) - view.evacuated
    return [("leftover_orphaned", f"of {', '.join(sorted(over))}")] if over else []


def migration(view, world):
    """A migration is open while an operation moves the server, or the server waits for its confirmation."""
    server = view.server
    if server.migration_id is None or view.operations or server.vm_state == Vm.RESIZED:
        return []
    return [("migration_stale", f"{server.migration_id}: {view.migration.status if view.migration else 'gone'}")]


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
    """Each open operation has a worker, or waits for a service that is up, and is not past its deadline."""
    for each in view.operations:
        led = each.lease_until is not None and each.lease_until + _LATE > world.moment
        if each.deadline + _LATE < world.moment:
            yield "operation_overdue", f"{each.name} {each.id} at {each.place}"
        elif each.place in world.silent and not led and each.created_at + _LATE < world.moment:
            yield "operation_waiting", f"{each.name} {each.id} at {each.place}"


def ports(view, world):
    """Each port of a server without a task has one active binding, to the server's host."""
    if view.server.task_state is not None:
        return []
    bound = collections.defaultdict(list)
    for each in view.ports:
        bound[each.id].append(each.host)
    lost = [port_id for port_id, hosts in bound.items() if hosts != [view.server.host or ""]]
    return [("port_misplaced", f"{', '.join(lost)}: not bound to {view.server.host} alone")] if lost else []


def addresses(view, world):
    """The addresses, security groups and interfaces that a server shows are those of its ports."""
    if world.networks is None:
        return []
    server = view.server
    shown = (server.addresses, server.security_groups)
    network = world.networks.get(server.id, ServerNetwork())
    true = (network.addresses, list(network.security_groups))
    if shown != true:
        return [("addresses_differ", f"shows {json.dumps(shown)}, has {json.dumps(true)}")]
    return [("addresses_differ", "its interfaces are not as its ports")] if server.id in world.stale else []


CHECKS = (allocation, leftovers, migration, task, progress, ports, addresses)


def check(view, world):
    """[Finding] of one server.  A row that cannot be read is a finding itself, and others are checked all the same."""
    if view.damaged:
        return [Finding.of("record_damaged", view.server.id, f"no JSON: {', '.join(view.damaged)}")]
    try:
        return [Finding.of(kind, view.server.id, detail) for each in CHECKS for kind, detail in each(view, world)]
    except Exception as error:
        LOG.debug("Auditing server %s", view.server.id, exc_info=True)
        return [Finding.of("record_damaged", view.server.id, f"{type(error).__name__}: {error}")]


def _of(purpose, rows):
    """{host: amounts} of what is held for one purpose."""
    return {host: each for (host, other), each in rows.items() if other == purpose}


def _held(rows):
    return ", ".join(f"{_amounts(each)} of {host}" for host, each in sorted(rows.items())) or "nothing"


def _amounts(held):
    return f"{held['vcpus']} vCPU, {held['memory_mb']} MiB, {held['disk_gb']} GiB"


# ---- the pass

class Auditor:
    """Compares the database with itself and repairs what is safe to repair.

    :param network: the network facade.  :param repair: whether to repair; False only lists.
    :param compute_rpc: a ComputeAPI, by which hosts are asked for a pass at once; None where nobody asks for one.
    :param image: the image facade, which is asked what is left of changes; None: it is not.
    """

    def __init__(self, network, repair=True, compute_rpc=None, image=None):
        self._network = network
        self._services = [each for each in (network, image) if each is not None]
        self._repair = repair
        self._compute = compute_rpc
        self._mends = {
            "allocation_missing": audit.mend_allocations, "allocation_differs": audit.mend_allocations,
            "allocation_unplaced": audit.mend_allocations, "move_allocation_differs": audit.mend_allocations,
            "leftover_orphaned": audit.free_leftovers, "task_orphaned": _rest,
            "migration_stale": lambda session, view: server_moves.give_up(session, view.server.id),
            "port_misplaced": lambda _session, view: network.place(view.server.id, view.server.host),
            "addresses_differ": lambda _session, view: network_info.refresh(network, [view.server.id])}

    def look(self):
        """Run the periodic pass, in one of all conductors: a page of servers and projects, all orphans and sums."""
        with db.writer() as session:
            position = drifts.take_turn(session, drifts.DATABASE, CONF.audit.interval * 0.5)
        if position is not None:
            began = time.monotonic()
            findings, position = self.examine(position)
            self._keep(findings, time.monotonic() - began, position)

    def look_if_asked(self):
        """Run the passes that ``nova-lite audit --now`` asked for: the database's here, the others on their hosts."""
        with db.reader() as session:
            wanted = drifts.is_asked(session)
        if not wanted:
            return
        with db.writer() as session:
            taken = drifts.take_asked(session)
        if taken:
            concurrency.spawn(self._look_asked, dict(taken))

    def _look_asked(self, taken):
        """Hosts are held against the database, so that is looked at, and mended, before they are asked.

        :param taken: {part: since when somebody waits for its look}
        """
        asked = taken.pop(drifts.DATABASE, None)
        if asked is not None:
            try:
                self._look_at_all(asked)
            except Exception:
                LOG.exception("A look at the database that somebody waits for failed; it is given out again")
        for host, each in sorted(taken.items()):
            self._compute.audit(contexts.admin(), host, each.isoformat())

    def _look_at_all(self, asked):
        """Run a pass over everything, for which somebody has waited since ``asked``."""
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
        log(new)

    def examine_all(self):
        """[Finding] of the whole database, repaired where that is safe."""
        found, position = {}, ""
        while position != _BEGINNING:
            findings, position = self.examine(position)
            concurrency.sleep(0)            # let other greenlets run in between
            found |= {each.key: each for each in findings if each.key not in found}
        return list(found.values())

    def examine(self, position="", batch=None):
        """([Finding], the position from which the next pass goes on) of one pass.

        :param position: where to begin; "": at the first server and project.
        :param batch: how many servers to check; None: ``[audit] batch``.
        """
        after, project = json.loads(position or _BEGINNING)
        with db.snapshot() as session:
            known = drifts.open_subjects(session, drifts.DATABASE)
            views, after = _views(session, after, batch or CONF.audit.batch, _subjects(known, _OF_SERVERS))
            world = self._world(session, [view.server.id for view in views])
            suspects = [finding for view in views for finding in check(view, world)]
            orphans = {kind: find(session) for kind, (find, _) in _ORPHANS.items()}
            differing = [host for host, has, held in audit.counters(session) if has != held]
            counted, project = _quotas(session, project, _subjects(known, _OF_PROJECTS))
            owed = service_changes.owed(session, _UNDOS)
            failing = desired_state.failing(session, _LATE)
        found = [self._confirm(each) for each in suspects]
        found += [finding for kind, rows in orphans.items() if rows for finding in self._freed(kind)]
        found += [self._sum(host) for host in differing]
        found += [self._recounted(each) for each in counted]
        found += [Finding.of("change_owed", each.id, f"{each.verb} of {each.service} for server {each.resource_id}, "
                                                     f"tried {each.tries} times") for each in owed]
        found += [Finding.of("network_not_in_force", consumer, what) for consumer, what in sorted(failing.items())]
        left, resources = left_changes.check(self._services, self._repair)
        found += left
        if not self._network.embedded:
            servers = [view.server for view in views if view.server.id not in resources]
            found += remote_ports.check(self._network, servers, self._repair)
        return [each for each in found if each], json.dumps([after, project])

    def _world(self, session, server_ids):
        networks, stale = None, set()
        if self._network.embedded:
            networks = {each: ServerNetwork() for each in server_ids} | self._network.describe(server_ids)
            stale = interfaces.differ(session, networks)
        return World(audit.hosts(session), audit.silent_hosts(session, CONF.operations.service_down_time),
                     networks, stale, now())

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
                self._mends[finding.kind](session, view)
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


    def _recounted(self, finding):
        if finding.kind == "quota_miscounted" and self._repair:
            _recount(finding.subject)
            finding.repaired = True
        return finding


#: A change of another service whose undo has failed so often is a finding.
_UNDOS = 3
#: The position at which a pass over everything begins and ends: behind no server and no project.
_BEGINNING = json.dumps([0, ""])
#: Kinds of drift of projects and of single servers: open ones are checked in every pass, to see when they are over.
_OF_PROJECTS = frozenset({"quota_miscounted", "quota_exceeded"})
_OF_SERVERS = frozenset(KINDS) - _OF_PROJECTS - {
    "counters_differ", "change_owed", "change_left", "network_not_in_force"}
#: kind -> (function that finds orphans, function that repairs one)
_ORPHANS = {
    "allocation_orphaned": (audit.orphaned_allocations, lambda _network, session, server_id, _host:
                            allocations.free(session, server_id)),
    "port_orphaned": (audit.orphaned_ports, lambda network, _session, server_id, _port:
                      network.release(server_id)),
    "operation_orphaned": (audit.orphaned_operations, lambda _network, session, _server_id, operation_id:
                           audit.cancel_orphaned(session, operation_id)),
}


def _rest(session, view):
    audit.mend_task(session, view.server, fault(500, "The server's build ended without an outcome; delete it."))


def _subjects(known, kinds):
    """Sorted subjects of these kinds.  :param known: as ``drifts.open_subjects`` returns."""
    return sorted({each for kind in kinds for each in known.get(kind, ())})


def _views(session, after, batch, known):
    """(audit.View of a page of servers and of those that are known, the number of the page's last server or 0).

    :param known: ids of servers that are checked in any case.
    """
    page = audit.views(session, after, batch)
    seen = {view.server.id for view in page}
    known = [each for each in known if each not in seen]
    views = page + [view for some in drifts.chunks(known) for view in audit.views_of(session, some)]
    return views, page[-1].server.number if len(page) == batch else 0


# ---- quotas: one snapshot is proof

def _quotas(session, after, known):
    """([Finding], the id of the last project or "").  :param known: ids of projects that are counted in any case."""
    ids = audit.projects(session, after, _PROJECTS)
    over, found = {}, []
    for project_id in [*ids, *(each for each in known if each not in ids)]:
        true = audit.usage(session, project_id)
        if true is None:
            continue                        # a flavor cannot be read; its server is a finding
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


def _recount(project_id):
    """Correct the sums by which quota is counted to what a project's servers use."""
    with db.reader() as session:
        wrong = quota_usage.miscounted_servers(session, project_id)
    for server_id in wrong:
        with db.writer() as session:
            locks.server(session, server_id)
            quota_usage.count(session, server_id)
    with db.snapshot() as session:
        lacking = quota_usage.lacking(session, project_id)
    with db.writer() as session:
        quotas.lock(session, project_id)
        for user_id, change in lacking.items():
            quota_usage.add(session, project_id, user_id, change)


def log(findings, part=drifts.DATABASE):
    """Log new findings, each with its remedy.  :param part: the part that was checked: a host, or the database."""
    for each in findings:
        kind = KINDS[each.kind]
        what = f"{each.kind} of {each.subject} at {part.strip('()')}: {kind.means} {each.detail}".rstrip()
        if each.repaired:
            LOG.warning("Drift mended, %s", what)
        else:
            LOG.warning("Drift, %s -> %s", what, kind.remedy or "to be mended")
