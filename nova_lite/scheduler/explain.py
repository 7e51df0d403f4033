"""Why no host would do, in terms that a tenant may see: counts by reason and the nearest miss, never a host's name."""

_RESOURCES = {
    "lack VCPUs": ("vcpus", "free_vcpus", ""),
    "lack memory": ("memory_mb", "free_memory_mb", " MB"),
    "lack disk": ("disk_gb", "free_disk_gb", " GB"),
}


def no_valid_host(request, refused):
    """"3 hosts: 2 lack memory (largest free 512 MB, asked 8192 MB), 1 disabled."

    :param refused: {reason: [hosts]} of filters.sift.
    """
    total = sum(map(len, refused.values()))
    if not total:
        return "There are no compute hosts. Start nova-lite-compute on one and see that it can reach the conductor."
    parts = [f"{len(hosts)} {reason}{_nearest(request, reason, hosts)}" for reason, hosts in refused.items()]
    return f"{total} host{'s' if total > 1 else ''}: {', '.join(parts)}."


def _nearest(request, reason, hosts):
    if reason not in _RESOURCES:
        return ""
    asked, free, unit = _RESOURCES[reason]
    largest = max(getattr(host, free) for host in hosts)
    return f" (largest free {max(0, int(largest))}{unit}, asked {getattr(request, asked)}{unit})"
