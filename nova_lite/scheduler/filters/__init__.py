"""Filters: pure functions (request, host) -> None where the host will do, else a Refusal.

Those of ``always`` cannot be switched off; of the others, ``[scheduler] enabled_filters`` names those that are asked,
in its order, by the names that Nova gives them.  The first refusal counts.
"""

import collections
import dataclasses
import functools
from collections.abc import Callable

from nova_lite.scheduler.filters import (
    aggregate,
    always,
    busy,
    capabilities,
    cidr,
    compute,
    image_properties,
    isolated_hosts,
    json_query,
    neighbours,
    server_group,
    traits,
)


@dataclasses.dataclass(frozen=True)
class Filter:
    """One filter.

    :ivar needs: request -> names of the facts (see ``facts``) it wants to know; None: it has nothing to say here.
    :ivar of_images: whether it looks at the image, and is asked again where a placed server gets another one.
    """

    name: str
    refuse: Callable
    needs: Callable = lambda _request: frozenset()
    of_images: bool = False


#: Asked before the configured ones, and after them; those in FORCED also where an administrator forces a host.
_BEFORE = (Filter("RetryFilter", always.retry), Filter("ComputeFilter", always.disabled),
           Filter("AvailabilityZoneFilter", always.zone))
_AFTER = (Filter("traits", traits.refuse, traits.needs, of_images=True), Filter("VCPU", always.vcpus),
          Filter("MEMORY_MB", always.memory), Filter("DISK_GB", always.disk))
_GROUP = (Filter("ServerGroupAffinityFilter", server_group.affinity, server_group.needs_affinity),
          Filter("ServerGroupAntiAffinityFilter", server_group.anti_affinity, server_group.needs_anti_affinity))
_FORCED = (_BEFORE[1], *_GROUP, *_AFTER)
_CONFIGURABLE = {each.name: each for each in (
    Filter("ComputeFilter", compute.refuse),
    Filter("ComputeCapabilitiesFilter", capabilities.refuse, capabilities.needs),
    Filter("ImagePropertiesFilter", image_properties.refuse, image_properties.needs, of_images=True),
    *_GROUP,
    Filter("SameHostFilter", neighbours.same, neighbours.needs_same),
    Filter("DifferentHostFilter", neighbours.different, neighbours.needs_different),
    Filter("SimpleCIDRAffinityFilter", cidr.refuse, cidr.needs),
    Filter("JsonFilter", json_query.refuse, json_query.needs),
    Filter("IsolatedHostsFilter", isolated_hosts.refuse, isolated_hosts.needs, of_images=True),
    Filter("IoOpsFilter", busy.io_ops, busy.needs_io_ops),
    Filter("AggregateIoOpsFilter", busy.io_ops_by_aggregate, busy.needs_io_ops_by_aggregate),
    Filter("NumInstancesFilter", busy.servers, busy.needs_servers),
    Filter("AggregateNumInstancesFilter", busy.servers_by_aggregate, busy.needs_servers_by_aggregate),
    Filter("AggregateInstanceExtraSpecsFilter", aggregate.extra_specs, aggregate.needs_extra_specs),
    Filter("AggregateTypeAffinityFilter", aggregate.flavor, aggregate.needs),
    Filter("AggregateMultiTenancyIsolation", aggregate.tenants, aggregate.needs),
    Filter("AggregateImagePropertiesIsolation", aggregate.images, aggregate.needs, of_images=True),
)}
#: Names that configurations may list although what they mean is no filter of its own here: what is always asked, and
#: the three that let aggregates set allocation ratios (see ``ratios``).
RATIOS = ("AggregateCoreFilter", "AggregateRamFilter", "AggregateDiskFilter")
_NO_FILTERS = frozenset({"RetryFilter", "AvailabilityZoneFilter", "AllHostsFilter", *RATIOS})
NAMES = frozenset(_CONFIGURABLE) | _NO_FILTERS


@functools.cache
def configured(names):
    """The filters of these names (a tuple), in order; those of NAMES that are no filter here are left out."""
    return tuple(_CONFIGURABLE[name] for name in names if name in _CONFIGURABLE)


def of(request, names):
    """[(filter, the facts it needs)] of all that have something to say on a request.

    :param names: tuple of the configured filters' names.
    """
    asked = _FORCED if request.forced else (*_BEFORE, *configured(names), *_AFTER)
    if request.placed:
        asked = [each for each in asked if each.of_images]
    found = []
    for each in asked:
        facts = each.needs(request)
        if facts is not None:
            found.append((each, facts))
    return found


#: A host that will not do, the filter that said so, and its Refusal.
Refused = collections.namedtuple("Refused", "host filter refusal")


def sift(request, hosts, filters):
    """(hosts that will do, [Refused])"""
    good, refused = [], []
    for host in hosts:
        for name, refuse in filters:
            refusal = refuse(request, host)
            if refusal is not None:
                refused.append(Refused(host, name, refusal))
                break
        else:
            good.append(host)
    return good, refused
