"""Roles and what they imply: /v3/roles, /v3/role_inferences."""

import dataclasses

from nova_lite.api.identity import filters, lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_COLUMNS = ("name", "description", "options")


def target(row):
    return {"target.role.id": row.id, "target.role.name": row.name}


class Roles:
    """As in Keystone, a caller who may not see a role still learns whether it exists."""

    def __init__(self, facades):
        self.roles = facades.identity.roles

    @filters.listed("roles")
    def index(self, req):
        of_domain = any(req.query.get("domain_id", ()))
        req.context.can("identity:list_domain_roles" if of_domain else "identity:list_roles", {})
        wanted = filters.wanted(req, "roles")
        if any(name.startswith("domain_id") for name in req.query):     # no role belongs to a domain
            wanted = dataclasses.replace(wanted, nothing=True)
        rows, following = lists.page(req, self.roles, wanted)
        return views.collection(req, "roles", [views.role(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.roles.get(id)
        req.context.can("identity:get_role", target(row))
        return {"role": views.role(req, row)}

    @validation.body(schemas.ROLE_CREATE)
    def create(self, req):
        req.context.can("identity:create_role", {})
        values = _columns(req.body_json["role"])
        return Answer({"role": views.role(req, self.roles.create(values))}, 201)

    @validation.body(schemas.ROLE_UPDATE)
    def update(self, req, id):
        row = self.roles.get(id)
        req.context.can("identity:update_role", target(row))
        lists.unchanged(row, req.body_json["role"], {"id": "ID"})
        return {"role": views.role(req, self.roles.update(id, _columns(req.body_json["role"])))}

    def delete(self, req, id):
        req.context.can("identity:delete_role", target(self.roles.get(id)))
        self.roles.delete(id)
        return 204

    def implies(self, req, id):
        prior = self.roles.get(id)
        req.context.can("identity:list_implied_roles", {})
        rows = {row.id: row for row in self.roles.list({})}
        implied = [rows[each] for each in self.roles.implications().get(id, ())]
        return {"role_inference": views.role_inference(req, prior, implied),
                "links": {"self": f"{req.base_url}/roles/{id}/implies"}}

    @filters.listed("nothing")
    def inferences(self, req):
        req.context.can("identity:list_role_inference_rules", {})
        rows = {row.id: row for row in self.roles.list({})}
        return {"role_inferences": [views.role_inference(req, rows[prior], [rows[each] for each in implied])
                                    for prior, implied in self.roles.implications().items()]}


def _columns(wanted):
    values, extra = lists.columns(wanted, _COLUMNS)
    extra.pop("domain_id", None)
    return {**values, "extra": extra}
