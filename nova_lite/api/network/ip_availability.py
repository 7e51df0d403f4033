"""/network-ip-availabilities"""

from nova_lite.api.network import listing, views
from nova_lite.api.wsgi import validation

FILTERS = listing.Filters({"network_id": ("id", str), "network_name": ("name", str)},
                          beside={"ip_version": lambda values: [listing.number(each) for each in values]},
                          common=dict.fromkeys(("project_id", "tenant_id"), ("project_id", str)), tagged=False,
                          names={"ip_version": "subnet_ip_version"})


class IpAvailability:
    """For operators: networks that are running out of addresses."""

    name, plural = "network_ip_availability", "network_ip_availabilities"

    def __init__(self, network):
        self._availability = network.ip_availability

    def list(self, context, ask):
        return self._availability.list(context, ask)

    @validation.query(FILTERS.schema)
    def index(self, req):
        ask = FILTERS.ask(req.query)
        rows = listing.seen(req.context, "get_network_ip_availability", self, ask)
        return listing.page(req, self.plural, [views.ip_availability(each) for each in rows], ask, key="network_id")

    def show(self, req, id):
        row = self._availability.get(req.context, id)
        req.context.can("get_network_ip_availability", {"id": id, "project_id": row["project_id"]})
        return {self.name: listing.only(views.ip_availability(row), set(req.query.get("fields", ())))}
