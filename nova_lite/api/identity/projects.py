"""Projects: /v3/projects."""

import dataclasses

from nova_lite.api.identity import filters, lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions

_COLUMNS = ("name", "domain_id", "description", "enabled", "tags", "options")
_FIXED = ("is_domain", "parent_id")


def target(row):
    return {} if row is None else {"target.project.id": row.id, "target.project.domain_id": row.domain_id}


class Projects:
    def __init__(self, facades):
        self.projects = facades.identity.projects
        self.domains = facades.identity.domains

    @filters.listed("projects")
    def index(self, req):
        wanted = filters.wanted(req, "projects")
        as_domains = wanted.equal.pop("is_domain", False)
        wanted = _of_domains(req, wanted) if as_domains else lists.in_scope(req.context, _of_projects(wanted))
        req.context.can("identity:list_projects", lists.scope(req.context))
        rows, following = lists.page(req, self.domains if as_domains else self.projects, wanted)
        view = views.domain_as_project if as_domains else views.project
        return views.collection(req, "projects", [view(req, row) for row in rows], following)

    @validation.query(schemas.PROJECT)
    def show(self, req, id):
        row = self.projects.find(id)
        req.context.can("identity:get_project", target(row))
        made = views.project(req, self.projects.found(row, id))
        return {"project": {**made, **_family(req, row)}}

    @validation.body(schemas.PROJECT_CREATE)
    def create(self, req):
        """201.  403: also where only a domain's manager could, and the body names no domain."""
        wanted = req.body_json["project"]
        values, extra = _columns(wanted)
        named = values.get("domain_id")
        req.context.can("identity:create_project", {"target.project.domain_id": named} if named else {})
        values["domain_id"] = named or lists.home_domain(req.context)
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
        row = self.projects.update(id, {**values, "extra": extra})
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


def _of_projects(wanted):
    """``wanted`` in terms of columns: the parent of every project is its domain."""
    equal = dict(wanted.equal)
    parent = equal.pop("parent_id", None)
    if parent is not None:
        equal.setdefault("domain_id", parent)
    tests = tuple(("domain_id" if name == "parent_id" else name, test) for name, test in wanted.tests)
    return dataclasses.replace(wanted, equal=equal, tests=tests,
                               nothing=wanted.nothing or parent not in (None, equal.get("domain_id")))


def _of_domains(req, wanted):
    """``wanted`` of domains, which have neither a parent nor a domain and are seen from no other scope than those."""
    named = {*wanted.equal, *(name for name, _ in wanted.tests)}
    nothing = wanted.nothing or req.context.domain_id is not None or not named.isdisjoint(("domain_id", "parent_id"))
    equal = {name: value for name, value in wanted.equal.items() if name not in ("domain_id", "parent_id")}
    return dataclasses.replace(wanted, equal=equal, tests=() if nothing else wanted.tests, nothing=nothing)


def _family(req, row):
    """What a query asks of a project's parents and of the projects below it: the one is its domain, the others none.

    As a list, Keystone shows those on which the user has a role; no user has one on a domain taken for a project.
    """
    made = {}
    for kind, as_ids in (("parents", {row.domain_id: None}), ("subtree", None)):
        names = [f"{kind}_as_{form}" for form in ("list", "ids")]
        if all(lists.flag(req, name) for name in names):
            raise exceptions.BadRequest(f"Cannot use {names[0]} and {names[1]} query params at the same time.")
        if lists.flag(req, names[0]):
            made[kind] = []
        elif lists.flag(req, names[1]):
            made[kind] = as_ids
    return made
