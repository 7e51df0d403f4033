"""What migrations look like in each microversion."""

from nova_lite.api.compute.views.moments import moment
from nova_lite.objects.migration import UNDER_WAY, Kind

_ENDS = ("dest_compute", "dest_host", "dest_node", "source_compute", "source_node")


def migration(req, row, links, *, hosts):
    """One of /os-migrations.  :param hosts: whether the caller may see them; else they are null."""
    shown = {"created_at": moment(row.created_at), **_ends(row, hosts), "id": row.id, "instance_uuid": row.server_id,
             "new_instance_type_id": row.new_flavor_id, "old_instance_type_id": row.old_flavor_id,
             "status": row.status, "updated_at": moment(row.updated_at)}
    if req.at_least("2.23"):
        shown["migration_type"] = row.kind
        if row.kind == Kind.LIVE and row.status in UNDER_WAY:
            shown["links"] = links.of(f"servers/{row.server_id}/migrations", row.id)
    return shown | _later(req, row)


def of_server(req, row, *, hosts):
    """One of /servers/{id}/migrations."""
    shown = {"created_at": moment(row.created_at), **_ends(row, hosts), "id": row.id, "server_uuid": row.server_id,
             "status": row.status, "updated_at": moment(row.updated_at)}
    for what in ("disk", "memory"):
        for amount in ("processed", "remaining", "total"):
            shown[f"{what}_{amount}_bytes"] = getattr(row, f"{what}_{amount}")
    return shown | _later(req, row)


def _ends(row, hosts):
    if not hosts:
        return dict.fromkeys(_ENDS)
    return {"dest_compute": row.dest_host, "dest_host": row.dest_ip, "dest_node": row.dest_node,
            "source_compute": row.source_host, "source_node": row.source_node}


def _later(req, row):
    later = {"uuid": row.uuid} if req.at_least("2.59") else {}
    return later | ({"user_id": row.user_id, "project_id": row.project_id} if req.at_least("2.80") else {})
