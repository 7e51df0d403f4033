"""Domains: /v3/domains."""

from nova_lite.api.identity import filters, lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

_COLUMNS = ("name", "description", "enabled", "tags", "options")


def target(row):
    return {} if row is None else {"target.domain.id": row.id}


class Domains:
    def __init__(self, facades):
        self.domains = facades.identity.domains

    @filters.listed("domains")
    def index(self, req):
        own = req.context.domain_id
        req.context.can("identity:list_domains", {"target.domain.id": own} if own else {})
        wanted = lists.in_scope(req.context, filters.wanted(req, "domains"), "id")
        rows, following = lists.page(req, self.domains, wanted)
        return views.collection(req, "domains", [views.domain(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.domains.find(id)
        req.context.can("identity:get_domain", target(row))
        return {"domain": views.domain(req, self.domains.found(row, id))}

    @validation.body(schemas.DOMAIN_CREATE)
    def create(self, req):
        req.context.can("identity:create_domain", {})
        values, extra = _columns(req.body_json["domain"])
        return Answer({"domain": views.domain(req, self.domains.create({**values, "extra": extra}))}, 201)

    @validation.body(schemas.DOMAIN_UPDATE)
    def update(self, req, id):
        row = self.domains.get(id)
        req.context.can("identity:update_domain", target(row))
        wanted = req.body_json["domain"]
        lists.unchanged(row, wanted, {"id": "ID"})
        values, extra = _columns(wanted)
        row = self.domains.update(id, {**values, "extra": extra})
        return {"domain": views.domain(req, row)}

    def delete(self, req, id):
        """204.  403: it is enabled; a domain must be disabled before it goes, with all in it."""
        req.context.can("identity:delete_domain", target(self.domains.get(id)))
        self.domains.delete(id)
        return 204


def _columns(wanted):
    values, extra = lists.columns(wanted, _COLUMNS)
    if values.get("description", "") is None:
        values["description"] = ""
    return values, extra
