"""The scheduler: sift, rank, claim.  The claim is one conditional write; who loses a race for a host looks again.

A transaction claims of one host only.  PostgreSQL and MariaDB may keep the lock of a row that they waited for and then
left as it was: two schedulers that went on to the next host, each holding what it had lost, would wait for each other.
"""

import datetime
import logging

from nova_lite import db
from nova_lite.common import exceptions, rpc
from nova_lite.common.source_places import place
from nova_lite.conf import CONF
from nova_lite.db import allocations, operations, scheduling, server_objects, steps
from nova_lite.db.base import now
from nova_lite.scheduler import explain, facts, filters, ratios, requests, weighers
from nova_lite.scheduler.filters import compute
from nova_lite.scheduler.host import Host
from nova_lite.scheduler.rpcapi import VERSION

LOG = logging.getLogger(__name__)
_POLICIES = {"affinity": "ServerGroupAffinityFilter", "anti-affinity": "ServerGroupAntiAffinityFilter"}


class Endpoint:
    """What ``rpcapi.SchedulerAPI`` asks."""

    target = rpc.Target(version=VERSION)

    def select_destinations(self, context, operation_id, attempt):
        """Claim the best host for the operation's server and answer its name; why is recorded with the step."""
        lost = set()
        while True:
            try:
                return self._decide(operation_id, attempt, lost)
            except _Lost as race:
                lost.add(race.host)

    def check_image(self, context, operation_id, attempt):
        """Ask what filters images about the host that the operation's server is on, and answer its name."""
        with db.writer(relaxed=True) as session:
            operation = operations.held(session, operation_id)
            operations.journal(session, operation_id, attempt, "schedule", ran=place(self.check_image), host=CONF.host,
                               seconds=CONF.operations.lease)
            server = server_objects.row(session, operation.resource_id)
            request = requests.of_image(server)
            good, refused = _sift(session, request, tuple(CONF.scheduler.enabled_filters))
            weighed = [weighers.Weighed(host, 0.0, {}) for host in good]
            chosen = server.host if good else None
            steps.explain(session, operation_id, explain.decision(request, chosen, weighed, refused))
        if chosen is None:
            raise exceptions.NoValidHost(reason=explain.no_valid_host(request, refused))
        return chosen

    def _decide(self, operation_id, attempt, lost):
        with db.writer(relaxed=True) as session:
            operation = operations.held(session, operation_id)
            operations.journal(session, operation_id, attempt, "schedule", ran=place(self.select_destinations),
                               host=CONF.host, seconds=CONF.operations.lease)
            server = server_objects.row(session, operation.resource_id)
            if server.host is not None:         # it was claimed, by an attempt that could not say so
                return server.host
            request = requests.of(session, server, operation.args)
            chosen, weighed, refused = _place(session, request, lost)
            steps.explain(session, operation_id, explain.decision(request, chosen, weighed, refused))
        if chosen is None:
            raise exceptions.NoValidHost(reason=explain.no_valid_host(request, refused), down=compute.down(refused))
        return chosen


class _Lost(Exception):
    """Another claim took the last free capacity of ``host``."""

    def __init__(self, host):
        super().__init__(host)
        self.host = host


def _place(session, request, lost):
    """(name of the host that was claimed or None, [Weighed], [Refused])

    :param lost: names of the hosts whose capacity others took while this request was decided.
    :raises _Lost: it happened again.
    """
    names = tuple(CONF.scheduler.enabled_filters)
    _check_policy(request, names)
    good, refused = _sift(session, request, names)
    refused += [explain.taken(host) for host in good if host.name in lost]
    good = [host for host in good if host.name not in lost]
    if len(good) > 1:
        facts.complete(session, good, (facts.AGGREGATES,))      # they may set multipliers
        facts.complete(session, good, weighers.needs(good))
    weighed = weighers.rank(request, good)
    if not weighed:
        return None, weighed, refused
    best = weighed[0].host
    if not _claim(session, request, best):
        raise _Lost(best.name)
    return best.name, weighed, refused


def _sift(session, request, names):
    hosts = _hosts(session, request)
    asked = filters.of(request, names)
    wanted = set().union(*(needs for _, needs in asked))
    if ratios.asked(names):
        wanted.add(facts.AGGREGATES)
    facts.complete(session, hosts, wanted)
    if ratios.asked(names):
        ratios.apply(hosts, names)
    return filters.sift(request, hosts, [(each.name, each.refuse) for each, _ in asked])


def _hosts(session, request):
    """All hosts, or the one that an administrator named."""
    zone = CONF.scheduler.default_availability_zone
    up_since = now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
    hosts = [Host(row, zone, up_since) for row in scheduling.hosts(session)]
    if request.destination is not None:
        hosts = [host for host in hosts if request.destination.names(host)]
    return hosts


def _check_policy(request, names):
    """A group's hard policy is never broken because nobody looks."""
    policy = request.group and request.group.policy
    if policy in _POLICIES and _POLICIES[policy] not in names and not request.forced:
        raise exceptions.NoValidHost(
            reason=f"ServerGroup policy is not supported: {_POLICIES[policy]} not configured")


def _claim(session, request, host):
    row = host.row
    given = {"cpu": host.cpu_ratio, "memory": host.memory_ratio, "disk": host.disk_ratio}
    own = {"cpu": row.cpu_allocation_ratio, "memory": row.ram_allocation_ratio, "disk": row.disk_allocation_ratio}
    return allocations.claim(session, request.server_id, host.name, request.asked, None if given == own else given)
