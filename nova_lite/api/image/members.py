"""/v2/images/{id}/members: whom a shared image is offered to, and what they say to it."""

from nova_lite.api.image import schema, views
from nova_lite.api.image.access import allow
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions


class Members:
    """``members`` is of the image facade."""

    def __init__(self, members):
        self._members = members

    def index(self, req, id):
        """Its owner sees all, a member only itself."""
        image = self._members.image(req.context, id, "list members")
        mine = req.context.project_id
        allow(req.context, "get_members", image, member_id=mine)
        found = self._members.list(image)
        if not req.context.is_admin and image.project_id != mine:
            found = [row for row in found if row.member_id == mine]
        return {"members": [views.member(row) for row in found], "schema": "/v2/schemas/members"}

    def show(self, req, id, member_id):
        image = self._members.image(req.context, id, "get members")
        allow(req.context, "get_member", image, member_id=member_id)
        return views.member(self._members.show(image, member_id))

    @validation.body({})
    def create(self, req, id):
        member_id = _member(req.body_json)
        image = self._members.image(req.context, id, "add members")
        allow(req.context, "add_member", image)
        return views.member(self._members.add(image, member_id))

    @validation.body(schema.MEMBER_STATUS)
    def update(self, req, id, member_id):
        """Only the member itself accepts or rejects."""
        image = self._members.image(req.context, id, "update members")
        found = self._members.show(image, member_id)
        allow(req.context, "modify_member", image, member_id=found.member_id)
        return views.member(self._members.set(image, member_id, req.body_json["status"]))

    def delete(self, req, id, member_id):
        image = self._members.image(req.context, id, "delete members")
        allow(req.context, "delete_member", image)
        self._members.remove(image, member_id)
        return 204


def _member(body):
    """The project that POST names: {"member": "3f1a..."}"""
    if not isinstance(body, dict):
        raise exceptions.BadRequest('Expected a member in the form: {"member": "image_id"}')
    member_id = body.get("member")
    if member_id is None:
        raise exceptions.BadRequest("Member to be added not specified")
    if not isinstance(member_id, str) or not 0 < len(member_id) <= 255:
        raise exceptions.BadRequest("Member can't be empty")
    return member_id
