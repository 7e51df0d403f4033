"""Rows as the image API shows them."""


def image(row):
    """One image; its own properties stand among the attributes, as Glance has them."""
    url = f"/v2/images/{row.id}"
    shown = dict(row.properties)
    shown.update(
        name=row.name, disk_format=row.disk_format, container_format=row.container_format, visibility=row.visibility,
        size=row.size, virtual_size=row.virtual_size, status=row.status, checksum=row.checksum,
        protected=row.protected, min_ram=row.min_ram, min_disk=row.min_disk, owner=row.project_id,
        os_hidden=row.os_hidden, os_hash_algo=row.os_hash_algo, os_hash_value=row.os_hash_value, id=row.id,
        created_at=moment(row.created_at), updated_at=moment(row.updated_at), tags=row.tags, self=url,
        file=f"{url}/file", schema="/v2/schemas/image")
    return shown


def member(row):
    return {"member_id": row.member_id, "image_id": row.image_id, "status": row.status,
            "created_at": moment(row.created_at), "updated_at": moment(row.updated_at),
            "schema": "/v2/schemas/member"}


def moment(value):
    """ "2026-11-23T08:45:48Z" """
    return value.isoformat(timespec="seconds") + "Z"
