"""What the scheduler is asked for, and what it knows of each host: plain data for pure filters."""

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class Request:
    """One server to place."""

    server_id: str
    project_id: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    availability_zone: str | None = None
    forced_host: str | None = None
    excluded: frozenset = frozenset()            # hosts where its build failed already

    @property
    def asked(self):
        return {"vcpus": self.vcpus, "memory_mb": self.memory_mb, "disk_gb": self.disk_gb}


@dataclasses.dataclass(frozen=True)
class Host:
    """One compute node as filters see it; capacities are what may be given away in all, ``free_*`` what is left."""

    name: str
    availability_zone: str
    enabled: bool
    up: bool
    free_vcpus: float
    free_memory_mb: float
    free_disk_gb: float


def host_from(row, zone, up_since):
    """:param row: of db.allocations.hosts.

    :param zone: of hosts that no aggregate puts into one.
    :param up_since: the latest sign of life that still counts as up.
    """
    return Host(
        name=row.host, availability_zone=row.availability_zone or zone, enabled=not row.disabled,
        up=not row.forced_down and (row.last_seen_at or datetime.datetime.min) >= up_since,
        free_vcpus=row.vcpus * row.cpu_allocation_ratio - row.vcpus_used,
        free_memory_mb=(row.memory_mb - row.reserved_memory_mb) * row.ram_allocation_ratio - row.memory_mb_used,
        free_disk_gb=row.disk_gb * row.disk_allocation_ratio - row.disk_gb_used)
