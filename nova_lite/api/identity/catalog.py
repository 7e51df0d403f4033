"""Regions, services and endpoints: read only, all derived from the one URL of this cloud."""

from nova_lite.api.identity import filters, lists, views
from nova_lite.conf import CONF
from nova_lite.identity import catalog, exceptions


def _one(kind, found, id):
    for each in found:
        if each.id == id:
            return each
    raise exceptions.Missing(kind=kind, id=id)


def _collection(req, name, shown):
    return views.collection(req, name, *lists.window(req, filters.wanted(req, name).of(shown)))


class Catalog:
    @filters.listed("regions")
    def regions(self, req):
        req.context.can("identity:list_regions")
        return views.collection(req, "regions", filters.wanted(req, "regions").of([views.region(req)]))

    def region(self, req, id):
        req.context.can("identity:get_region")
        if id != CONF.identity.region:
            raise exceptions.Missing(kind="region", id=id)
        return {"region": views.region(req)}

    @filters.listed("services")
    def services(self, req):
        req.context.can("identity:list_services", {})
        return _collection(req, "services", [views.service(req, each) for each in catalog.SERVICES])

    def service(self, req, id):
        req.context.can("identity:get_service", {})
        return {"service": views.service(req, _one("service", catalog.SERVICES, id))}

    @filters.listed("endpoints")
    def endpoints(self, req):
        req.context.can("identity:list_endpoints", {})
        return _collection(req, "endpoints", [views.endpoint(req, each) for each in catalog.endpoints(req.root_url)])

    def endpoint(self, req, id):
        req.context.can("identity:get_endpoint", {})
        return {"endpoint": views.endpoint(req, _one("endpoint", catalog.endpoints(req.root_url), id))}
