"""Keypairs: /os-keypairs."""

from nova_lite.api.compute.paging import last, limit_and_marker
from nova_lite.api.compute.schemas import keypairs as schema
from nova_lite.api.compute.views import keypairs as view
from nova_lite.api.compute.views.links import Links
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_POLICY = "os_compute_api:os-keypairs:"


class Keypairs:
    """Each user's own; administrators may name another user (from 2.10)."""

    def __init__(self, facades):
        self._keypairs = facades.compute.keypairs

    def _user(self, req, rule, named):
        user_id = (named if req.at_least("2.10") else None) or req.context.user_id
        req.context.can(_POLICY + rule, {"user_id": user_id})
        return user_id

    @validation.query(schema.LIST)
    def index(self, req):
        """200; pages from 2.35.  400: the marker is unknown."""
        user_id = self._user(req, "index", last(req.query, "user_id"))
        limit, marker = limit_and_marker(req) if req.at_least("2.35") else (None, None)
        rows = self._keypairs.list(req.context, user_id, limit=limit, marker=marker)
        answer = {"keypairs": view.listed(req, rows)}
        links = Links(req).following(req, "os-keypairs", rows, limit, lambda row: row.name)
        if links:
            answer["keypairs_links"] = links
        return answer

    @validation.query(schema.SHOW)
    def show(self, req, id):
        user_id = self._user(req, "show", last(req.query, "user_id"))
        return view.show(req, self._keypairs.get(req.context, user_id, id))

    @validation.body(schema.CREATE)
    def create(self, req):
        """201 (200 before 2.2).  Without ``public_key`` (to 2.91) a pair is made and its private half answered once.

        400: the key cannot be read.  403: over quota.  409: the name is taken.
        """
        asked = req.body_json["keypair"]
        user_id = self._user(req, "create", asked.get("user_id"))
        name, kind, private_key = asked["name"].strip(), asked.get("type", "ssh"), None
        if "public_key" in asked:
            row = self._keypairs.bring(req.context, user_id, name, kind, asked["public_key"])
        else:
            row, private_key = self._keypairs.make(req.context, user_id, name, kind)
        return Answer(view.created(req, row, private_key), 201 if req.at_least("2.2") else 200)

    @validation.query(schema.SHOW)
    def delete(self, req, id):
        """204 (202 before 2.2).  404: there is none."""
        user_id = self._user(req, "delete", last(req.query, "user_id"))
        self._keypairs.delete(req.context, user_id, id)
        return 204 if req.at_least("2.2") else 202
