"""Where a server may and may not go: retries, forced hosts, disabled and dead hosts, availability zones."""


def excluded(request, host):
    """RetryFilter: not where its build failed already."""
    return "failed to build it" if host.name in request.excluded else None


def forced_host(request, host):
    """An administrator named the host."""
    return "not the requested host" if request.forced_host not in (None, host.name) else None


def enabled(_request, host):
    """ComputeFilter, first half."""
    return None if host.enabled else "disabled"


def up(_request, host):
    """ComputeFilter, second half."""
    return None if host.up else "down"


def availability_zone(request, host):
    """AvailabilityZoneFilter."""
    return "in another zone" if request.availability_zone not in (None, host.availability_zone) else None
