"""Weighers: pure functions (request, host) -> number; the host with the highest sum of normalised weights comes first.

Each weigher's numbers are scaled to 0..1 over the hosts that are left (from 0 up where it is ``from_zero``), and
multiplied by the option of its name, or by what the host's aggregates say instead of it; a negative multiplier turns it
around.  All as in Nova.
"""

import collections
import dataclasses
import random
from collections.abc import Callable

from nova_lite.conf import CONF
from nova_lite.scheduler import facts
from nova_lite.scheduler.filters.matching import least
from nova_lite.scheduler.weighers import free_capacity, group, load


@dataclasses.dataclass(frozen=True)
class Weigher:
    """One weigher.  ``needs`` names the fact it reads; see ``facts``.  Its numbers are bad where ``sign`` is -1."""

    name: str
    value: Callable
    option: str
    from_zero: bool = False
    needs: str | None = None
    sign: int = 1


WEIGHERS = (
    Weigher("RAM", free_capacity.memory, "ram_weight_multiplier", from_zero=True),
    Weigher("CPU", free_capacity.vcpus, "cpu_weight_multiplier", from_zero=True),
    Weigher("disk", free_capacity.disk, "disk_weight_multiplier", from_zero=True),
    Weigher("IoOps", load.io_ops, "io_ops_weight_multiplier", from_zero=True, needs=facts.IO_OPS),
    Weigher("NumInstances", load.servers, "num_instances_weight_multiplier", needs=facts.SERVERS),
    Weigher("BuildFailure", load.failures, "build_failure_weight_multiplier", sign=-1),
    Weigher("HypervisorVersion", load.version, "hypervisor_version_weight_multiplier"),
    Weigher("SoftAffinity", group.soft_affinity, "soft_affinity_weight_multiplier"),
    Weigher("SoftAntiAffinity", group.soft_anti_affinity, "soft_anti_affinity_weight_multiplier"),
)

#: A host with its weight, and {weigher's name: its part of it} of those weighers that distinguished hosts.
Weighed = collections.namedtuple("Weighed", "host weight parts")


def needs(hosts):
    """The facts that weighing these hosts takes; their aggregates must be known."""
    return {each.needs for each in WEIGHERS if each.needs and any(_multipliers(each, hosts))}


def rank(request, hosts):
    """[Weighed], best first; of equals, the one whose name comes first."""
    parts = {host: {} for host in hosts}
    if len(hosts) > 1:
        for weigher in WEIGHERS:
            _weigh(weigher, request, parts)
    ranked = sorted((Weighed(host, sum(own.values()), own) for host, own in parts.items()),
                    key=lambda each: (-each.weight, each.host.name))
    return _shuffled(ranked)


def _weigh(weigher, request, parts):
    multipliers = _multipliers(weigher, parts)
    if not any(multipliers):
        return
    values = [weigher.value(request, host) for host in parts]
    low = 0 if weigher.from_zero else min(values)
    span = max(values) - low
    if span > 0:
        for own, multiplier, value in zip(parts.values(), multipliers, values, strict=True):
            own[weigher.name] = weigher.sign * multiplier * (value - low) / span


def _multipliers(weigher, hosts):
    """A list of what the weigher's numbers are multiplied by, host by host."""
    configured = getattr(CONF.scheduler, weigher.option)
    return [least(host, weigher.option, configured) if host.aggregates else configured for host in hosts]


def _shuffled(ranked):
    """Bring one of the best to the front by chance, so that schedulers that decide at once do not all choose one host.

    That is one of the ``host_subset_size`` best, and with ``shuffle_best_same_weighed_hosts`` one of the equally good.
    """
    options = CONF.scheduler
    size = min(options.host_subset_size, len(ranked))
    if options.shuffle_best_same_weighed_hosts:
        best = [each for each in ranked if each.weight == ranked[0].weight]
        random.shuffle(best)
        ranked[:len(best)] = best
    if size > 1:
        ranked.insert(0, ranked.pop(random.randrange(size)))
    return ranked
