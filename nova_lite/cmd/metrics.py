"""Metrics for Prometheus, all read from the database at the moment they are asked for.

So one process reports the whole cloud, whatever its layout, and idle clouds pay nothing.  The library is loaded at the
first question.
"""

import collections
import datetime
import logging

from nova_lite import db
from nova_lite.cmd import address
from nova_lite.common import concurrency, exceptions, request_counts
from nova_lite.conf import CONF
from nova_lite.db import drifts, metrics, service_changes
from nova_lite.objects.drift import KINDS
from nova_lite.objects.states import action

LOG = logging.getLogger(__name__)
_LIMITS = concurrency.Limits(connections=16, threads=2, idle=30, head=10, body=5, grace=20)
_PLAIN = "text/plain; charset=utf-8"


def serve():
    """Answer where ``[metrics] listen`` says; the server with its ``stop``, or None where nobody wants any.

    :raises Misconfigured: that is no address.
    """
    if not CONF.metrics.listen:
        return None
    address.split(CONF.metrics.listen)
    try:
        sockets = address.bind(CONF.metrics.listen)
    except exceptions.Misconfigured as error:
        LOG.warning("No metrics from this process: %s", error)
        return None
    return concurrency.serve(app, sockets, _LIMITS)


def app(environ, start_response):
    """The WSGI application: GET /metrics, and nothing else."""
    status, kind, body = _answer(environ)
    start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _answer(environ):
    if environ.get("PATH_INFO") != "/metrics":
        return "404 Not Found", _PLAIN, b"There is /metrics.\n"
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return "405 Method Not Allowed", _PLAIN, b"GET it.\n"
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
    try:
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest(Cloud())
    except Exception:
        LOG.exception("No metrics")
        return "503 Service Unavailable", _PLAIN, b"The log says why.\n"


def flush_requests():
    """Add what this process answered to the cloud's counters."""
    taken = request_counts.take()
    if taken:
        with db.writer(relaxed=True) as session:
            metrics.add_requests(session, taken)


def flush_requests_if_possible():
    """The same at a process's end, when the database may be away."""
    try:
        flush_requests()
    except Exception as error:
        LOG.warning("The last requests were not counted: %s", error)


class Cloud:
    """What prometheus_client collects from."""

    def collect(self):
        with db.reader() as session:
            self._counters = {}
            for name, label, value in drifts.counters(session):
                self._counters.setdefault(name, {})[label] = value
            return [*self._drift(session), *self._operations(session), *self._requests(), *self._inventory(session)]

    def _drift(self, session):
        still = drifts.open_by_kind(session)
        yield _counter("drift_found", "Differences that the auditor found.", ("kind",),
                       {(each,): self._counted("drift_found", each) for each in KINDS})
        yield _counter("drift_repaired", "Differences that the auditor repaired.", ("kind",),
                       {(each,): self._counted("drift_repaired", each) for each in KINDS})
        yield _gauge("drift_open", "Differences that are there now.", ("kind",),
                     {(each,): still.get(each, 0) for each in KINDS})
        looks = {part.strip("()"): row for part, row in drifts.looks(session).items() if row.looked_at is not None}
        yield _gauge("audit_last_look_timestamp_seconds", "When a part was looked at last.", ("part",),
                     {(part,): row.looked_at.replace(tzinfo=datetime.UTC).timestamp() for part, row in looks.items()})
        yield _gauge("audit_look_seconds", "How long that look took.", ("part",),
                     {(part,): row.seconds for part, row in looks.items()})

    def _counted(self, name, label):
        return self._counters.get(name, {}).get(label, 0)

    def _operations(self, session):
        yield _counter("operations", "Operations that ended, counted at the auditor's looks.", ("operation", "state"),
                       _by_action((label.split(" "), value) for label, value in self._of("operations")))
        yield _gauge("operations_open", "Operations that have not ended.", ("operation", "state"),
                     _by_action(drifts.open_operations(session).items()))

        yield _gauge("service_changes_open", "Changes of other services that are wanted, or to be undone.",
                     ("service", "state"), service_changes.count(session))

    def _of(self, name):
        return self._counters.get(name, {}).items()

    def _requests(self):
        labels = ("service", "method", "status")
        yield _counter("requests", "Requests that were answered.", labels,
                       {tuple(label.split(" ")): value for label, value in self._of(metrics.REQUESTS)})
        yield _counter("request_seconds", "Seconds that answering them took.", labels,
                       {tuple(label.split(" ")): value / 1e6 for label, value in self._of(metrics.MICROSECONDS)})

    @staticmethod
    def _inventory(session):
        yield _gauge("servers", "Servers there are.", ("vm_state",),
                     {(each,): amount for each, amount in metrics.servers(session).items()})
        yield _gauge("service_up", "Whether a service shows life.", ("service", "host"), {
            (binary, host): int(alive)
            for binary, host, alive in metrics.services(session, CONF.operations.service_down_time)})
        nodes = metrics.nodes(session)
        for name, which, text in (("host_capacity", "", "What a host has."),
                                  ("host_used", "_used", "What of it is given to servers.")):
            yield _gauge(name, text, ("host", "resource"), {
                (row.host, resource): getattr(row, column + which) * unit
                for row in nodes for resource, column, unit in _RESOURCES})


_RESOURCES = (("vcpus", "vcpus", 1), ("memory_bytes", "memory_mb", 1 << 20), ("disk_bytes", "disk_gb", 1 << 30))


def _by_action(amounts):
    """{(public action, state): sum} of ((operation's name, state), amount) pairs."""
    sums = collections.Counter()
    for (name, state), amount in amounts:
        sums[action(name), state] += amount
    return sums


def _counter(name, text, labels, values):
    from prometheus_client.core import CounterMetricFamily
    return _family(CounterMetricFamily, name, text, labels, values)


def _gauge(name, text, labels, values):
    from prometheus_client.core import GaugeMetricFamily
    return _family(GaugeMetricFamily, name, text, labels, values)


def _family(kind, name, text, labels, values):
    made = kind(f"nova_lite_{name}", text, labels=labels)
    for key, value in sorted(values.items()):
        made.add_metric([str(each) for each in key], value)
    return made
