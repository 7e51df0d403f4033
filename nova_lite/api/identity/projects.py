"""Projects: /v3/projects."""

from nova_lite.api.identity import lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_COLUMNS = ("name", "domain_id", "description", "enabled", "tags", "options")
_FIXED = ("is_domain", "parent_id")


def target(row):
    return {} if row is None else {"target.project.id": row.id, "target.project.domain_id": row.domain_id}


class Projects:
    def __init__(self, doors):
        self.projects = doors.identity.projects

    @validation.query(schemas.PROJECTS)
    def index(self, req):
        filters = lists.equal(req, "name", "domain_id", "enabled", "is_domain", "parent_id")
        if filters.pop("is_domain", False):
            filters["id"] = ""                          # domains are listed at /v3/domains only
        if "parent_id" in filters:                      # the parent of every project is its domain
            filters.setdefault("domain_id", filters.pop("parent_id"))
        req.context.can("identity:list_projects",
                        {"target.domain_id": filters["domain_id"]} if "domain_id" in filters else {})
        rows, following = lists.page(req, "project", self.projects, filters)
        return views.collection(req, "projects", [views.project(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.projects.find(id)
        req.context.can("identity:get_project", target(row))
        return {"project": views.project(req, self.projects.found(row, id))}

    @validation.body(schemas.PROJECT_CREATE)
    def create(self, req):
        wanted = req.body_json["project"]
        values, extra = _columns(wanted)
        values["domain_id"] = values.get("domain_id") or lists.home_domain(req.context)
        req.context.can("identity:create_project", {"target.project.domain_id": values["domain_id"]})
        self.projects.parent(wanted.get("parent_id"), values["domain_id"])
        row = self.projects.create({**values, "extra": extra})
        return Answer({"project": views.project(req, row)}, 201)

    @validation.body(schemas.PROJECT_UPDATE)
    def update(self, req, id):
        row = self.projects.find(id)
        req.context.can("identity:update_project", target(row))
        wanted = req.body_json["project"]
        lists.unchanged(self.projects.found(row, id), wanted, {"id": "ID", "domain_id": "Domain ID"})
        values, extra = _columns(wanted)
        values.pop("domain_id", None)
        row = self.projects.update(id, {**values, "extra": {**row.extra, **extra}})
        return {"project": views.project(req, row)}

    def delete(self, req, id):
        row = self.projects.find(id)
        req.context.can("identity:delete_project", target(row))
        self.projects.delete(id)
        return 204


def _columns(wanted):
    values, extra = lists.columns(wanted, _COLUMNS)
    if values.get("description", "") is None:
        values["description"] = ""
    return values, {name: value for name, value in extra.items() if name not in _FIXED}
