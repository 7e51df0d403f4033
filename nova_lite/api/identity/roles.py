"""Roles and what they imply: /v3/roles, /v3/role_inferences."""

from nova_lite.api.identity import lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_COLUMNS = ("name", "description", "options")


class Roles:
    def __init__(self, doors):
        self.roles = doors.identity.roles

    @validation.query(schemas.ROLES)
    def index(self, req):
        req.context.can("identity:list_roles", {})
        filters = lists.equal(req, "name")
        if lists.equal(req, "domain_id"):
            filters["id"] = ""                  # no role belongs to a domain
        rows, following = lists.page(req, "role", self.roles, filters)
        return views.collection(req, "roles", [views.role(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.roles.find(id)
        req.context.can("identity:get_role", {"target.role.name": row.name} if row else {})
        return {"role": views.role(req, self.roles.found(row, id))}

    @validation.body(schemas.ROLE_CREATE)
    def create(self, req):
        req.context.can("identity:create_role", {})
        values, _ = lists.columns(req.body_json["role"], _COLUMNS)
        return Answer({"role": views.role(req, self.roles.create(values))}, 201)

    @validation.body(schemas.ROLE_UPDATE)
    def update(self, req, id):
        req.context.can("identity:update_role", {})
        values, _ = lists.columns(req.body_json["role"], _COLUMNS)
        lists.unchanged(self.roles.get(id), req.body_json["role"], {"id": "ID"})
        return {"role": views.role(req, self.roles.update(id, values))}

    def delete(self, req, id):
        req.context.can("identity:delete_role", {})
        self.roles.delete(id)
        return 204

    def implies(self, req, id):
        req.context.can("identity:list_implied_roles", {})
        prior = self.roles.get(id)
        rows = {row.id: row for row in self.roles.list({})}
        implied = [rows[each] for each in self.roles.implications().get(id, ())]
        return {"role_inference": views.role_inference(req, prior, implied),
                "links": {"self": f"{req.base_url}/roles/{id}/implies"}}

    def inferences(self, req):
        req.context.can("identity:list_role_inference_rules", {})
        rows = {row.id: row for row in self.roles.list({})}
        return {"role_inferences": [views.role_inference(req, rows[prior], [rows[each] for each in implied])
                                    for prior, implied in self.roles.implications().items()]}
