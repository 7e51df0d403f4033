"""IoOpsFilter and NumInstancesFilter, and their variants whose limits aggregates may set: not too much on one host."""

from nova_lite.conf import CONF
from nova_lite.scheduler.facts import AGGREGATES, IO_OPS, SERVERS
from nova_lite.scheduler.filters.matching import least
from nova_lite.scheduler.filters.refusal import Refusal


def needs_io_ops(_request):
    return {IO_OPS}


def needs_io_ops_by_aggregate(_request):
    return {IO_OPS, AGGREGATES}


def needs_servers(_request):
    return {SERVERS}


def needs_servers_by_aggregate(_request):
    return {SERVERS, AGGREGATES}


def io_ops(_request, host):
    return _busy(host, CONF.scheduler.max_io_ops_per_host)


def io_ops_by_aggregate(_request, host):
    return _busy(host, least(host, "max_io_ops_per_host", CONF.scheduler.max_io_ops_per_host))


def servers(_request, host):
    return _full(host, CONF.scheduler.max_instances_per_host)


def servers_by_aggregate(_request, host):
    return _full(host, least(host, "max_instances_per_host", CONF.scheduler.max_instances_per_host))


def _busy(host, most):
    return Refusal("too busy", f"{host.io_ops} at once, at most {most}") if host.io_ops >= most else None


def _full(host, most):
    return Refusal("full of servers", f"{host.servers} servers, at most {most}") if host.servers >= most else None
