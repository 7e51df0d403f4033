"""/v2/images: register, find, change and delete images, their tags, and whether their data may be used."""

from urllib.parse import urlencode

from nova_lite.api.image import patch, query, schema, views
from nova_lite.api.image.access import allow, allow_visibility
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions
from nova_lite.image import changes

_LIST = {"type": "object", "patternProperties": {"": {"type": "array"}}}


class Images:
    """``images`` is the facade of image.api."""

    def __init__(self, images):
        self._images = images

    @validation.query(_LIST)
    def index(self, req):
        """A page of images; "next" is there when there may be more."""
        allow(req.context, "get_images")
        wanted = query.read(req.query)
        rows = self._images.list(req.context, wanted)
        page = [(name, values[-1]) for name, values in req.query.items() if name != "marker"]
        body = {"images": [views.image(row) for row in rows], "first": _link(page), "schema": "/v2/schemas/images"}
        if rows and len(rows) == wanted.limit:
            body["next"] = _link([*page, ("marker", rows[-1].id)])
        return body

    def show(self, req, id):
        image = self._images.show(req.context, id)
        allow(req.context, "get_image", image)
        return views.image(image)

    @validation.body(schema.CREATE)
    def create(self, req):
        """201 and a queued image, which waits for its data."""
        values = changes.columns(req.body_json)
        for name in schema.formats_allowed():
            patch.check_format(name, values.get(name))
        allow(req.context, "add_image")
        if values.get("project_id", req.context.project_id) != req.context.project_id and not req.context.is_admin:
            raise exceptions.Forbidden(f"You are not permitted to create images owned by '{values['project_id']}'")
        allow_visibility(req.context, values.get("visibility"))
        image = self._images.create(req.context, values)
        return Answer(views.image(image), 201, [("Location", f"{req.base_url}/images/{image.id}")])

    @validation.body(schema.PATCH)
    def update(self, req, id):
        """All changes are made, or none."""
        wanted = patch.read(req)
        image = self._images.show(req.context, id)
        allow(req.context, "modify_image", image)
        for change in wanted:
            if change.name == "visibility":
                allow_visibility(req.context, change.value, image)
            elif change.name == "owner" and change.op != "remove" and not req.context.is_admin:
                raise exceptions.Forbidden("Owner can't be updated by non admin.")
        return views.image(self._images.update(req.context, id, wanted))

    def delete(self, req, id):
        image = self._images.show(req.context, id)
        allow(req.context, "delete_image", image)
        self._images.delete(req.context, id)
        return 204

    def tasks(self, req, id):
        """200 and no task: data comes by PUT, never by the tasks of an import."""
        allow(req.context, "get_image", self._images.show(req.context, id))
        return {"tasks": []}

    # ---- tags

    def add_tag(self, req, id, tag):
        allow(req.context, "modify_image", self._images.show(req.context, id))
        patch.check("tags", [tag])
        self._images.add_tag(req.context, id, tag)
        return 204

    def remove_tag(self, req, id, tag):
        allow(req.context, "modify_image", self._images.show(req.context, id))
        self._images.remove_tag(req.context, id, tag)
        return 204

    # ---- whether its data may be used

    def deactivate(self, req, id):
        """The data can neither be downloaded nor booted until it is reactivated."""
        return self._set_active(req, id, "deactivate", False)

    def reactivate(self, req, id):
        return self._set_active(req, id, "reactivate", True)

    def _set_active(self, req, id, rule, active):
        allow(req.context, rule, self._images.show(req.context, id))
        self._images.set_active(req.context, id, active)
        return 204


def _link(page):
    return "/v2/images" + (f"?{urlencode(page)}" if page else "")
