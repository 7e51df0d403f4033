"""What hosts report of themselves and their guests, and ask about what is placed on them."""

import datetime
import json
import logging

from nova_lite import db
from nova_lite.common import rpc
from nova_lite.conductor import host_boot, unplaced_guests
from nova_lite.conductor.message_delay import LATE
from nova_lite.conductor.rpcapi import PAGE, VERSION
from nova_lite.db import desired_state, interfaces, locks, operations, server_objects, service_changes, services
from nova_lite.db.base import now

LOG = logging.getLogger(__name__)


class Hosts:
    """:param mark: cloud_mark.CloudMark.  :param delay: a message_delay.MessageDelay."""

    target = rpc.Target(version=VERSION)

    def __init__(self, mark, delay):
        self._mark = mark
        self._delay = delay

    def host_servers(self, context, host, after):
        with db.reader() as session:
            rows = server_objects.page_of_host(session, host, after, PAGE)
        return {"server_ids": [row.id for row in rows], "after": rows[-1].number if len(rows) == PAGE else None}

    def host_guests(self, context, host, guests, resume=False):
        with db.writer() as session:
            locks.servers(session, [row.id for row in server_objects.states_on_host(session, host, guests)])
            rows = server_objects.states_on_host(session, host, guests)
            known = unplaced_guests.of(session, host, set(guests) - {row.id for row in rows})
            host_boot.settle(session, host, rows, guests, resume)
        return {what: [each for each, kind in known.items() if kind == what]
                for what in (unplaced_guests.ORPHANED, unplaced_guests.ELSEWHERE, unplaced_guests.UNKNOWN)}

    def host_started(self, context, host, worker):
        with db.writer() as session:
            operations.release(session, place=host, but=worker)
            service_changes.go_on_at(session, host)

    def nics(self, context, host, server_id):
        with db.reader() as session:
            here = server_objects.row(session, server_id).host == host
            return interfaces.nics(session, [server_id]).get(server_id, []) if here else []

    def orphaned(self, context, host, server_ids):
        with db.reader() as session:
            known = unplaced_guests.of(session, host, set(server_ids))
        return [each for each, kind in known.items() if kind == unplaced_guests.ORPHANED]

    def host_stopped(self, context, host, left):
        with db.writer() as session:
            operations.give_up(session, left, f"Given up: {host} was stopped.")
            services.stopped(session, host, "nova-compute")

    def report_host(self, context, facts, sent=None, cloud=None):
        cloud = self._mark.greet(facts.host, cloud)
        if self._delay.of(sent) > LATE:
            return {"cloud": cloud, "stale": []}
        with db.writer(relaxed=True) as session:
            services.node_reported(session, facts, json.loads(facts.cpu_info))
            services.seen(session, facts.host, "nova-compute", "compute")
            services.hypervisor_back(session, facts.host)
            stale = desired_state.stale(session, facts.host)
        return {"cloud": cloud, "stale": stale}

    def hypervisor_away(self, context, host, why):
        with db.writer() as session:
            services.seen(session, host, "nova-compute", "compute")
            services.hypervisor_away(session, host, why)

    def report_power(self, context, host, guests, sent=None, age=0.0):
        late = self._delay.of(sent)
        seen_at = now() - datetime.timedelta(seconds=late + age)
        if late > LATE:
            LOG.warning("The report of %s on its guests is ignored: it came %.0f s late", host, late)
            return
        with db.writer(relaxed=True) as session:
            services.power_reported(session, host, guests, seen_at)

    def images_in_use(self, context, host):
        with db.reader() as session:
            return server_objects.images_of_host(session, host)
