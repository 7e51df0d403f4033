"""Weighers: pure functions host -> number; the host with the highest sum of normalised weights comes first."""

from nova_lite.scheduler.weighers import room

WEIGHERS = (room.memory, room.vcpus, room.disk)


def rank(hosts):
    """Hosts, best first; each weigher's values are scaled to 0..1 over these hosts, as Nova scales them."""
    totals = dict.fromkeys(hosts, 0.0)
    for weigher in WEIGHERS:
        values = {host: weigher(host) for host in hosts}
        low, high = min(values.values(), default=0), max(values.values(), default=0)
        for host, value in values.items():
            totals[host] += (value - low) / (high - low) if high > low else 0.0
    return sorted(hosts, key=lambda host: (-totals[host], host.name))
