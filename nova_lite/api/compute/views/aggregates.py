"""What aggregates look like in each microversion."""

from nova_lite.api.compute.views.moments import moment


def aggregate(req, row, hosts=None):
    """:param hosts: names; None (the answer to a create) leaves them and the metadata out."""
    shown = {"id": row.id}
    if req.at_least("2.41"):
        shown["uuid"] = row.uuid
    shown["name"] = row.name
    if hosts is not None:
        shown["hosts"], shown["metadata"] = hosts, row.metadata
    shown.update(created_at=moment(row.created_at), updated_at=moment(row.updated_at), deleted_at=None, deleted=False,
                 availability_zone=row.metadata.get("availability_zone"))
    return shown
