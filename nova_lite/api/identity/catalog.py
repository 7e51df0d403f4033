"""Regions, services and endpoints: read only, all derived from the one URL of this cloud."""

from nova_lite.api.identity import lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.conf import CONF
from nova_lite.identity import catalog, errors


def _one(kind, found, id):
    for each in found:
        if each.id == id:
            return each
    raise errors.Missing(kind=kind, id=id)


class Catalog:
    def regions(self, req):
        req.context.can("identity:list_regions")
        return views.collection(req, "regions", [views.region(req)])

    def region(self, req, id):
        req.context.can("identity:get_region")
        if id != CONF.identity.region:
            raise errors.Missing(kind="region", id=id)
        return {"region": views.region(req)}

    @validation.query(schemas.SERVICES)
    def services(self, req):
        req.context.can("identity:list_services", {})
        wanted = lists.equal(req, "name", "type")
        found = [each for each in catalog.SERVICES
                 if all(getattr(each, name) == value for name, value in wanted.items())]
        return views.collection(req, "services", [views.service(req, each) for each in found])

    def service(self, req, id):
        req.context.can("identity:get_service", {})
        return {"service": views.service(req, _one("service", catalog.SERVICES, id))}

    @validation.query(schemas.ENDPOINTS)
    def endpoints(self, req):
        req.context.can("identity:list_endpoints", {})
        wanted = lists.equal(req, "interface", "service_id", "region_id")
        shown = [views.endpoint(req, each) for each in catalog.endpoints(req.root_url)]
        return views.collection(req, "endpoints",
                                [each for each in shown if all(each[name] == value for name, value in wanted.items())])

    def endpoint(self, req, id):
        req.context.can("identity:get_endpoint", {})
        return {"endpoint": views.endpoint(req, _one("endpoint", catalog.endpoints(req.root_url), id))}
