"""Filters: pure functions (request, host) -> None where the host will do, else the reason in words for tenants.

Reasons never name hosts: a tenant may read them, counted ("3 disabled").  ``FILTERS`` is asked in order and the first
reason counts.
"""

from nova_lite.scheduler.filters import capacity, placement

FILTERS = (placement.excluded, placement.forced_host, placement.enabled, placement.up, placement.availability_zone,
           capacity.vcpus, capacity.memory, capacity.disk)


def sift(request, hosts):
    """Split hosts into those that will do and {reason: [hosts]} of the rest."""
    good, refused = [], {}
    for host in hosts:
        reason = next(filter(None, (each(request, host) for each in FILTERS)), None)
        if reason is None:
            good.append(host)
        else:
            refused.setdefault(reason, []).append(host)
    return good, refused
