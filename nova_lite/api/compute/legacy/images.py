"""Images and their metadata through the compute API: /images, to 2.35 and 2.38."""

from nova_lite.api.compute.legacy import schemas as schema
from nova_lite.api.compute.legacy import views as view
from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas.types import OPEN_QUERY
from nova_lite.api.compute.server_filters import moment
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions, integers
from nova_lite.image.api import Query

#: What Nova calls a status, and what Glance does.
_STATUS = {"active": "active", "saving": "saving", "error": "killed", "deleted": "deleted"}


class Images:
    """The image service's own rules decide who may do what; Nova has none.

    403: this token lists no images.  404: no such image, or not for this token.
    """

    def __init__(self, facades):
        self._images = facades.compute.image_proxy

    @validation.query(schema.IMAGES)
    def index(self, req):
        return self._list(req, "images", view.image_brief)

    @validation.query(schema.IMAGES)
    def detail(self, req):
        return self._list(req, "images/detail", view.image)

    def _list(self, req, collection, show):
        if not req.context.may("get_images"):
            raise exceptions.Forbidden("You are not authorized to complete get_images action.")
        limit, marker = limit_and_marker(req)
        where, properties = _filters(req.query)
        rows = [] if limit == 0 else self._images.list(
            req.context, Query(where=where, properties=properties, marker=marker, limit=limit))
        links = Links(req)
        answer = {"images": [show(req, links, row) for row in rows]}
        following = links.following(req, collection, rows, limit, lambda row: row.id)
        return answer | ({"images_links": following} if following else {})

    @validation.query(OPEN_QUERY)
    def show(self, req, id):
        return {"image": view.image(req, Links(req), _seen(self._images, req, id))}

    def delete(self, req, id):
        """204.  403: it is another's, or protected."""
        image = _seen(self._images, req, id)
        if not req.context.may("delete_image", _target(image)):
            raise exceptions.Forbidden("You are not allowed to delete the image.")
        self._images.delete(req.context, image)
        return 204


class ImageMetadata:
    """The image's own properties.  403: it is another's.  404: no such image or property."""

    def __init__(self, facades):
        self._images = facades.compute.image_proxy

    @validation.query(OPEN_QUERY)
    def index(self, req, image_id):
        return {"metadata": _seen(self._images, req, image_id).properties}

    @validation.query(OPEN_QUERY)
    def show(self, req, image_id, id):
        properties = _seen(self._images, req, image_id).properties
        if id not in properties:
            raise exceptions.NotFound()
        return {"meta": {id: properties[id]}}

    @validation.body(schema.IMAGE_METADATA)
    def create(self, req, image_id):
        image = self._mine(req, image_id)
        return {"metadata": self._images.merge(req.context, image, req.body_json["metadata"])}

    @validation.body(schema.IMAGE_METADATA)
    def update_all(self, req, image_id):
        image = self._mine(req, image_id)
        return {"metadata": self._images.replace(req.context, image, req.body_json["metadata"])}

    @validation.body(schema.IMAGE_META)
    def update(self, req, image_id, id):
        meta = req.body_json["meta"]
        if id not in meta:
            raise exceptions.BadRequest("Request body and URI mismatch")
        self._images.merge(req.context, self._mine(req, image_id), meta)
        return {"meta": meta}

    def delete(self, req, image_id, id):
        image = self._mine(req, image_id)
        if id not in image.properties:
            raise exceptions.NotFound("Invalid metadata key")
        self._images.remove(req.context, image, id)
        return 204

    def _mine(self, req, image_id):
        image = _seen(self._images, req, image_id)
        if not req.context.may("modify_image", _target(image)):
            raise exceptions.Forbidden(f"Not authorized for image {image_id}.")
        return image


def _seen(images, req, image_id):
    """:raises ImageMissing: it is not there, or not for this token to see."""
    image = images.get(req.context, image_id)
    if not req.context.may("get_image", _target(image)):
        raise exceptions.ImageMissing(image_id=image_id)
    return image


def _target(image):
    return {"project_id": image.project_id, "owner": image.project_id, "member_id": None,
            "visibility": image.visibility}


def _filters(query):
    """``(where, properties)`` of image.api.Query, from Nova's words."""
    where, properties = [("os_hidden", "eq", False)], []
    for name in query:
        value = last(query, name)
        if name == "name":
            where.append(("name", "eq", value))
        elif name == "status":
            where.append(("status", "eq", _STATUS.get(value.lower(), value.lower())))
        elif name in ("minRam", "minDisk"):
            where.append(("min_ram" if name == "minRam" else "min_disk", "eq", integers.within(value)))
        elif name == "changes-since":
            where.append(("updated_at", "gte", moment(value)))
        elif name in ("server", "type"):
            properties.append(("instance_uuid" if name == "server" else "image_type", value.rpartition("/")[2]))
        elif name.startswith("property-"):
            properties.append((name.removeprefix("property-"), value))
    return tuple(where), tuple(properties)
