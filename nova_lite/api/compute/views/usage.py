"""What usage looks like."""

from nova_lite.api.compute.views.moments import moment


def projects(rows, start, stop, now, *, detailed):
    """One usage a project.

    :param rows: of ``db.usage.servers``.  :param now: until when servers that run are up, whatever the span.
    :param detailed: with what each server used.
    """
    found = {}
    for row in rows:
        found.setdefault(row.project_id, []).append(_server(row, start, stop, now))
    return [_project(project_id, servers, start, stop, detailed) for project_id, servers in found.items()]


def _server(row, start, stop, now):
    ended = min(row.terminated_at or stop, stop)
    hours = max((ended - max(row.launched_at, start)).total_seconds(), 0) / 3600
    flavor = row.flavor
    return {"hours": hours, "flavor": flavor["name"], "instance_id": row.id, "name": row.display_name,
            "tenant_id": row.project_id, "memory_mb": flavor["memory_mb"],
            "local_gb": flavor["root_gb"] + flavor["ephemeral_gb"], "vcpus": flavor["vcpus"],
            "started_at": moment(row.launched_at), "ended_at": moment(row.terminated_at),
            "state": "terminated" if row.terminated_at else row.vm_state,
            "uptime": int(((row.terminated_at or now) - row.launched_at).total_seconds())}


def _project(project_id, servers, start, stop, detailed):
    shown = {"tenant_id": project_id}
    if detailed:
        shown["server_usages"] = servers
    for total, amount in (("total_local_gb_usage", "local_gb"), ("total_vcpus_usage", "vcpus"),
                          ("total_memory_mb_usage", "memory_mb")):
        shown[total] = sum(each[amount] * each["hours"] for each in servers)
    shown.update(total_hours=sum(each["hours"] for each in servers), start=moment(start), stop=moment(stop))
    return shown
