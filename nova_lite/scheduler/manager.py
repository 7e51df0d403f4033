"""The scheduler: sift, rank, claim.  The claim is one conditional write; a lost race takes the next host."""

import datetime

from nova_lite import db
from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db import allocations, operations, server_objects
from nova_lite.db.base import now
from nova_lite.scheduler import explain, filters, weighers
from nova_lite.scheduler.request import Request, host_from


class Endpoint:
    """What ``rpcapi.SchedulerAPI`` asks."""

    def select_destinations(self, context, operation_id, attempt):
        """Claim the best host for the operation's server and answer its name."""
        with db.writer(relaxed=True) as session:
            operation = operations.get(session, operation_id)
            operations.journal(session, operation_id, attempt, "schedule", host=CONF.host,
                               seconds=CONF.operations.lease)
            server = server_objects.row(session, operation.server_id)
            held = allocations.of(session, server.id)
            return held or _claim(session, _request(server, operation.args))


def _request(server, args):
    flavor = server.flavor
    return Request(
        server_id=server.id, project_id=server.project_id, vcpus=flavor["vcpus"], memory_mb=flavor["memory_mb"],
        disk_gb=flavor["root_gb"] + flavor["ephemeral_gb"] + -(-flavor["swap_mb"] // 1024),
        availability_zone=server.availability_zone, forced_host=args.get("host"),
        excluded=frozenset(args.get("excluded", ())))


def _claim(session, request):
    hosts = [host_from(row, CONF.scheduler.default_availability_zone, _up_since())
             for row in allocations.hosts(session)]
    good, refused = filters.sift(request, hosts)
    for host in weighers.rank(good):
        if allocations.claim(session, request.server_id, host.name, request.asked):
            return host.name
        refused.setdefault("were taken by others meanwhile", []).append(host)
    raise exception.NoValidHost(reason=explain.no_valid_host(request, refused))


def _up_since():
    return now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
