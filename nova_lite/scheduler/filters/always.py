"""What no configuration switches off: who was named, retries, disabled hosts, zones, and free capacity.

Nova's placement service answers these.  The claim checks the capacity again in the database; here hosts that
cannot do are distinguished.
"""

from nova_lite.scheduler.filters.refusal import Refusal


def retry(request, host):
    """Not where its build failed already."""
    return Refusal("failed to build it") if host.name in request.excluded else None


def disabled(_request, host):
    return None if host.enabled else Refusal("disabled", host.row.disabled_reason or "")


def zone(request, host):
    if request.availability_zone in (None, host.zone):
        return None
    return Refusal("in another zone", f"in {host.zone}, asked {request.availability_zone}")


def vcpus(request, host):
    return (_small("have too few CPUs", request.vcpus, host.row.vcpus, "")
            or _lack("lack VCPUs", request.vcpus, host.free_vcpus, ""))


def memory(request, host):
    return (_small("have too little memory", request.memory_mb, host.row.memory_mb, " MB")
            or _lack("lack memory", request.memory_mb, host.free_memory_mb, " MB"))


def disk(request, host):
    return (_small("have too small disks", request.disk_gb, host.row.disk_gb, " GB")
            or _lack("lack disk", request.disk_gb, host.free_disk_gb, " GB"))


def _small(reason, asked, has, unit):
    """One server never gets more than a host really has, whatever the allocation ratio."""
    if asked <= has:
        return None
    return Refusal(reason, f"has {has}{unit}, asked {asked}{unit}", has, asked, unit, "largest")


def _lack(reason, asked, free, unit):
    if asked <= free:
        return None
    has = max(0, int(free))
    return Refusal(reason, f"free {has}{unit}, asked {asked}{unit}", has, asked, unit)
