"""What services, hypervisors and availability zones look like in each microversion."""

import datetime

import orjson

from nova_lite.common import clock
from nova_lite.conf import CONF

_COUNTERS = (
    ("vcpus", "vcpus"), ("memory_mb", "memory_mb"), ("local_gb", "disk_gb"), ("vcpus_used", "vcpus_used"),
    ("memory_mb_used", "memory_mb_used"), ("local_gb_used", "disk_gb_used"))


def is_up(row):
    """Whether a service gave a sign of life lately and was not declared dead."""
    stale = clock.now() - datetime.timedelta(seconds=CONF.operations.service_down_time)
    return not row.forced_down and row.last_seen_at is not None and row.last_seen_at >= stale


def zone(row):
    """Compute hosts are in the zone of their aggregates; the rest is in one that users never see."""
    if row.binary != "nova-compute":
        return "internal"
    return row.availability_zone or CONF.scheduler.default_availability_zone


def service(req, row):
    seen = row.last_seen_at
    shown = {"binary": row.binary, "host": row.host, "id": row.uuid if req.at_least("2.53") else row.id,
             "zone": zone(row), "status": "disabled" if row.disabled else "enabled",
             "state": "up" if is_up(row) else "down", "updated_at": seen and seen.isoformat(timespec="microseconds"),
             "disabled_reason": row.disabled_reason}
    if req.at_least("2.11"):
        shown["forced_down"] = row.forced_down
    return shown


def hypervisor(req, row, *, detail=False, servers=None):
    """One compute node.

    :param row: a node with its service's columns beside it (``service_id``, ...).
    :param servers: rows of its servers; None leaves the key out; an empty list shows from 2.75.
    """
    by_uuid = req.at_least("2.53")
    shown = {"id": row.uuid if by_uuid else row.id, "hypervisor_hostname": row.hypervisor_hostname,
             "state": "up" if is_up(row) else "down", "status": "disabled" if row.disabled else "enabled"}
    if detail:
        shown.update(hypervisor_type=row.hypervisor_type, hypervisor_version=row.hypervisor_version,
                     host_ip=row.host_ip, service={"id": row.service_uuid if by_uuid else row.service_id,
                                                   "host": row.host, "disabled_reason": row.disabled_reason})
        if req.at_least("2.88"):
            shown["uptime"] = row.uptime
        else:
            shown.update(counters(row))
            shown["cpu_info"] = row.cpu_info if req.at_least("2.28") else orjson.dumps(row.cpu_info).decode()
    if servers or (servers is not None and req.at_least("2.75")):
        shown["servers"] = [{"name": f"instance-{each.number:08x}", "uuid": each.id} for each in servers]
    return shown


def counters(row):
    shown = {key: getattr(row, column) for key, column in _COUNTERS}
    shown.update(free_ram_mb=row.memory_mb - row.memory_mb_used, free_disk_gb=row.disk_gb - row.disk_gb_used,
                 current_workload=row.current_workload, running_vms=row.running_vms,
                 disk_available_least=row.free_disk_gb)
    return shown


def shares(node, projects):
    """What a host has, gives away now, and gives to each project.

    :param projects: {project id: (vcpus, memory_mb, disk_gb)}; the sum of them is shown too.
    """
    most = [sum(amounts) for amounts in zip(*projects.values(), strict=True)] or [0, 0, 0]
    lines = [("(total)", (node.vcpus, node.memory_mb, node.disk_gb)),
             ("(used_now)", (node.vcpus_used, node.memory_mb_used, node.disk_gb_used)), ("(used_max)", most),
             *projects.items()]
    return [{"resource": {"host": node.host, "project": name, "cpu": cpu, "memory_mb": memory, "disk_gb": disk}}
            for name, (cpu, memory, disk) in lines]


def statistics(rows):
    """The sums over all nodes."""
    total = {"count": len(rows)}
    for each in map(counters, rows):
        for key, value in each.items():
            total[key] = total.get(key, 0) + value
    if not rows:
        total |= dict.fromkeys((*(key for key, _ in _COUNTERS), "free_ram_mb", "free_disk_gb", "current_workload",
                                "running_vms", "disk_available_least"), 0)
    return {"hypervisor_statistics": total}


def zones(rows, *, detail=False):
    """Availability zones of these services; users see no hosts and no internal zone."""
    found = {}
    for row in rows:
        if not row.disabled:
            found.setdefault(zone(row), []).append(row)
    dark = sorted({zone(row) for row in rows} - set(found))
    names = sorted(name for name in found if detail or name != "internal")
    shown = [{"zoneName": name, "zoneState": {"available": True}, "hosts": _zone_hosts(found[name]) if detail else None}
             for name in names]
    shown += [{"zoneName": name, "zoneState": {"available": False}, "hosts": None} for name in dark]
    return {"availabilityZoneInfo": shown}


def _zone_hosts(rows):
    hosts = {}
    for row in rows:
        seen = row.last_seen_at
        hosts.setdefault(row.host, {})[row.binary] = {
            "available": is_up(row), "active": True, "updated_at": seen and seen.isoformat(timespec="microseconds")}
    return hosts
