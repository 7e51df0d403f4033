"""A server's row as the versioned object that hosts get."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.db.models.servers import Server
from nova_lite.objects import server as objects

_SERVERS = Server.__table__
_ONE = sa.select(_SERVERS).where(_SERVERS.c.id == sa.bindparam("b_id"), _SERVERS.c.deleted_at.is_(None))


def row(session, server_id):
    """The whole row of a server that exists.  :raises ServerNotFound:"""
    found = session.execute(_ONE, {"b_id": server_id}).one_or_none()
    if found is None:
        raise exceptions.ServerNotFound(server_id=server_id)
    return found


def page_of_host(session, host, after, limit):
    """(number, id) of ``limit`` servers placed on ``host``, behind number ``after``."""
    return session.execute(sa.select(_SERVERS.c.number, _SERVERS.c.id).where(
        _SERVERS.c.host == host, _SERVERS.c.deleted_at.is_(None), _SERVERS.c.number > after)
        .order_by(_SERVERS.c.number).limit(limit)).all()


def states_on_host(session, host, server_ids):
    """Rows with id, vm_state and task_state of those of these servers that are placed on ``host``."""
    found = session.execute(sa.select(_SERVERS.c.id, _SERVERS.c.vm_state, _SERVERS.c.task_state, _SERVERS.c.host).where(
        _SERVERS.c.id.in_(server_ids), _SERVERS.c.deleted_at.is_(None)).order_by(_SERVERS.c.id))
    return [row for row in found if row.host == host]     # a database asked for the host reads all that are there


def images_of_host(session, host):
    """Ids of the images of the servers placed on ``host``, of those they are rescued from or were unshelved from."""
    rows = session.execute(sa.select(_SERVERS.c.image_id, _SERVERS.c.rescue_image_id, _SERVERS.c.base_image_ids).where(
        _SERVERS.c.host == host, _SERVERS.c.deleted_at.is_(None))).all()
    return sorted({each for row in rows for each in (
        row.image_id, row.rescue_image_id, *row.base_image_ids) if each})


def build(found, nics, image=None, admin_pass=None):
    """objects.Server of a row.

    :param nics: list of objects.Nic.  :param image: objects.Image with where its bytes are; None: what the row knows.
    """
    return objects.Server.make(
        id=found.id, number=found.number, display_name=found.display_name, hostname=found.hostname,
        project_id=found.project_id, user_id=found.user_id, created_at=found.created_at, vm_state=found.vm_state,
        task_state=found.task_state, power_state=found.power_state, host=found.host,
        availability_zone=found.availability_zone, launch_index=found.launch_index,
        reservation_id=found.reservation_id, key_name=found.key_name, public_key=found.public_key,
        key_type=found.key_type, metadata=found.metadata, user_data=found.user_data,
        injected_files=found.injected_files, local_disks=found.local_disks,
        config_drive=found.config_drive, admin_pass=admin_pass, image=image or _image(found),
        flavor=_flavor(found.flavor), nics=nics)


def _flavor(flavor):
    return objects.Flavor.make(**{name: flavor[name] for name in (
        "flavorid", "name", "vcpus", "memory_mb", "root_gb", "ephemeral_gb", "swap_mb", "extra_specs")})


def _image(found):
    if found.image_id is None:
        return None
    return objects.Image.make(
        id=found.image_id, name=None, disk_format="", size=0, virtual_size=None, checksum=None, hash_algo=None,
        min_disk=0, min_ram=0, properties=found.image_properties, path=None, url=None, token=None)
