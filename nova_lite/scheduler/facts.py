"""Facts of hosts that cost a query each: read only when a filter or a weigher asks for them."""

from nova_lite.db import aggregates, scheduling

AGGREGATES, SERVERS, IO_OPS, HARDWARE = "aggregates", "servers", "io_ops", "hardware"


def complete(session, hosts, wanted):
    """Set the attributes of ``hosts`` that these facts are about, unless they are known.

    :param wanted: names of this module.
    """
    for fact in wanted:
        _READERS[fact](session, hosts)


def _aggregates(session, hosts):
    unknown = [host for host in hosts if host.aggregates is None]
    if unknown:
        found = aggregates.by_host(session)
        for host in unknown:
            host.aggregates = found.get(host.name, [])


def _servers(session, hosts):
    if any(host.servers is None for host in hosts):
        found = scheduling.servers(session)
        for host in hosts:
            host.servers = found.get(host.name, 0)


def _io_ops(session, hosts):
    if any(host.io_ops is None for host in hosts):
        found = scheduling.io_ops(session)
        for host in hosts:
            host.io_ops = found.get(host.name, 0)


def _hardware(session, hosts):
    unknown = {host.name: host for host in hosts if host.cpu_info is None}
    if unknown:
        for row in scheduling.hardware(session):
            if row.host in unknown:
                host = unknown[row.host]
                host.cpu_info, host.supported = row.cpu_info or {}, [tuple(each) for each in row.supported_instances]


_READERS = {AGGREGATES: _aggregates, SERVERS: _servers, IO_OPS: _io_ops, HARDWARE: _hardware}
