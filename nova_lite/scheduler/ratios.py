"""Allocation ratios that aggregates set, where AggregateCoreFilter, AggregateRamFilter or AggregateDiskFilter is asked.

Of several aggregates the smallest ratio counts.
"""

from nova_lite.scheduler.filters import RATIOS
from nova_lite.scheduler.filters.matching import least

_KEYS = dict(zip(RATIOS, ("cpu_allocation_ratio", "ram_allocation_ratio", "disk_allocation_ratio"), strict=True))


def asked(names):
    """Whether any of the configured filters' names lets aggregates set ratios."""
    return not _KEYS.keys().isdisjoint(names)


def apply(hosts, names):
    """Set the ratios of hosts whose aggregates are known."""
    for host in hosts:
        if host.aggregates:
            own = (host.cpu_ratio, host.memory_ratio, host.disk_ratio)
            host.share(*(least(host, key, ratio) if name in names else ratio
                         for (name, key), ratio in zip(_KEYS.items(), own, strict=True)))
