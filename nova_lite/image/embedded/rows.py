"""What the parts of the embedded image service share: who sees an image, its columns at turning points, its URL."""

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.conf import CONF
from nova_lite.db import images
from nova_lite.db.base import new_id, now
from nova_lite.image import changes
from nova_lite.image.receive import HASH

STEP = 60.0             # seconds one touch of the disk may take


def visible(session, context, image):
    """Whether this identity may know of the image.  Hosts may: they fetch what somebody was allowed to boot."""
    if context.visible_project is ALL or "service" in context.roles or image.visibility in ("public", "community"):
        return True
    own = context.own_project
    return image.project_id == own or (
        image.visibility == "shared" and images.member(session, image.id, own) is not None)


def held(session, context, image_id):
    """The row, to be changed in this transaction.

    :raises ImageNotFound: it is not there, or not visible to the caller.
    """
    image = images.get(session, image_id, lock=True)
    if image is None or not visible(session, context, image):
        raise not_found(image_id)
    return image


def new(context, values):
    """All columns of a new image from those that are given.  :raises TooLarge: more tags or properties than allowed."""
    moment = now()
    values = {"id": new_id(), "project_id": context.project_id, "created_at": moment, "updated_at": moment,
              "tags": [], "properties": {}, **values}
    changes.check(values)
    return values


def active(received):
    """The columns that change when an image has its data."""
    return {"status": "active", "size": received.size, "virtual_size": received.virtual_size,
            "checksum": received.hashes["md5"], "os_hash_algo": HASH, "os_hash_value": received.hashes[HASH]}


def tags(wanted):
    return changes.Change("replace", "tags", wanted)


def not_found(image_id):
    return exceptions.ImageNotFound(f"No image found with ID {image_id}", image_id=image_id)


def file_url(image_id):
    base = CONF.image.url or CONF.api.public_endpoint and CONF.api.public_endpoint.rstrip("/") + "/image"
    return f"{base or f'http://{CONF.my_ip}:{CONF.api.port}/image'}/v2/images/{image_id}/file"
