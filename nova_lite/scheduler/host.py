"""One compute node as filters and weighers see it."""

import datetime

_NEVER = datetime.datetime.min


class Host:
    """What a host is and has.  Facts that cost a query are None until somebody asked for them, see ``facts``.

    :ivar free_vcpus, free_memory_mb, free_disk_gb: what may still be given away, by the allocation ratios.
    :ivar aggregates: [metadata of each aggregate it is in].
    :ivar servers: how many it has.  :ivar io_ops: how many of them are being built, moved or copied.
    :ivar cpu_info: dictionary of its processor.  :ivar supported: [(architecture, hypervisor type, mode)] of guests.
    """

    __slots__ = ("aggregates", "cpu_info", "cpu_ratio", "disk_ratio", "enabled", "free_disk_gb", "free_memory_mb",
                 "free_vcpus", "io_ops", "memory_ratio", "name", "node", "row", "servers", "supported", "up", "zone")

    def __init__(self, row, default_zone, up_since):
        """:param row: of db.scheduling.hosts.  :param up_since: the latest sign of life that still counts as up."""
        self.row = row
        self.name = row.host
        self.node = row.hypervisor_hostname
        self.zone = row.availability_zone or default_zone
        self.enabled = not row.disabled
        self.up = not row.forced_down and (row.last_seen_at or _NEVER) >= up_since
        self.aggregates = None if row.in_aggregate else []
        self.servers = self.io_ops = self.cpu_info = self.supported = None
        self.share(row.cpu_allocation_ratio, row.ram_allocation_ratio, row.disk_allocation_ratio)

    def share(self, cpu, memory, disk):
        """Set the allocation ratios, and with them what is free."""
        row = self.row
        self.cpu_ratio, self.memory_ratio, self.disk_ratio = cpu, memory, disk
        self.free_vcpus = row.vcpus * cpu - row.vcpus_used
        self.free_memory_mb = (row.memory_mb - row.reserved_memory_mb) * memory - row.memory_mb_used
        self.free_disk_gb = row.disk_gb * disk - row.disk_gb_used

    def metadata(self, key):
        """The values that its aggregates give one key, as they are written there."""
        return {each[key] for each in self.aggregates if key in each}

    def attribute(self, name):
        """What Nova's filters know of a host by this name; None: nothing."""
        read = _ATTRIBUTES.get(name)
        return read and read(self)


#: As Nova's HostState has them: what extra specs ("capabilities:...") and the hint ``query`` may name.
_ATTRIBUTES = {
    "host": lambda host: host.name,
    "nodename": lambda host: host.node,
    "hypervisor_hostname": lambda host: host.node,
    "uuid": lambda host: host.row.uuid,
    "host_ip": lambda host: host.row.host_ip,
    "hypervisor_type": lambda host: host.row.hypervisor_type,
    "hypervisor_version": lambda host: host.row.hypervisor_version,
    "vcpus_total": lambda host: host.row.vcpus,
    "vcpus_used": lambda host: host.row.vcpus_used,
    "total_usable_ram_mb": lambda host: host.row.memory_mb,
    "free_ram_mb": lambda host: host.row.memory_mb - host.row.reserved_memory_mb - host.row.memory_mb_used,
    "total_usable_disk_gb": lambda host: host.row.disk_gb,
    "free_disk_mb": lambda host: (host.row.disk_gb - host.row.disk_gb_used) * 1024,
    "disk_mb_used": lambda host: host.row.disk_gb_used * 1024,
    "cpu_allocation_ratio": lambda host: host.cpu_ratio,
    "ram_allocation_ratio": lambda host: host.memory_ratio,
    "disk_allocation_ratio": lambda host: host.disk_ratio,
    "cpu_info": lambda host: host.cpu_info,
    "supported_instances": lambda host: host.supported,
    "num_instances": lambda host: host.servers,
    "num_io_ops": lambda host: host.io_ops,
    "failed_builds": lambda host: host.row.failed_builds,
}
ATTRIBUTES = frozenset(_ATTRIBUTES)
