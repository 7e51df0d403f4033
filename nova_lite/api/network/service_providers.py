"""/service-providers"""

from nova_lite.api.network import listing
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({"service_type": ("service_type", str), "name": ("name", str),
                           "default": ("default", listing.boolean)}, common={}, tagged=False)


class ServiceProviders:
    """What makes routers."""

    def __init__(self, network):
        self._providers = network.service_providers

    @validation.query(FILTERS.schema)
    def index(self, req):
        """Everyone with a project may see them."""
        ask = FILTERS.ask(req.query)
        found = self._providers.list(ask) if req.context.may("get_service_provider") else []
        return listing.page(req, "service_providers", found, ask, key="name")
