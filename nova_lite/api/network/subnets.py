"""/subnets"""

from nova_lite.api.network import listing, owning, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer

FILTERS = listing.Filters(
    {"id": ("id", str), "name": ("name", str), "description": ("description", str), "project_id": ("project_id", str),
     "tenant_id": ("project_id", str), "network_id": ("network_id", str), "cidr": ("cidr", str),
     "gateway_ip": ("gateway_ip", str), "ip_version": ("ip_version", listing.number),
     "enable_dhcp": ("enable_dhcp", listing.boolean)}, {"router:external": False},
    ("cidr", "network_id", "ip_version", "enable_dhcp"))


class Subnets:
    def __init__(self, network):
        self._networks = network.networks
        self._subnets = network.subnets

    @validation.query(FILTERS.schema)
    def index(self, req):
        req.context.can("get_subnet")
        ask = FILTERS.ask(req.query)
        return listing.page(req, "subnets", [views.subnet(each) for each in self._subnets.list(req.context, ask)], ask)

    def show(self, req, id):
        subnet = self._load(req, id, "get_subnet")
        return {"subnet": listing.only(views.subnet(subnet), set(req.query.get("fields", ())))}

    def _load(self, req, id, rule):
        """A subnet belongs to whoever owns its network; a shared network shows its subnets."""
        subnet = self._subnets.get(req.context, id)
        network = self._networks.get(req.context, subnet["network_id"])
        req.context.can(rule, network)
        return subnet

    @validation.body(schemas.SUBNET_CREATE)
    def create(self, req):
        values = owning.owned(req, "subnet")
        network = self._networks.get(req.context, values["network_id"])
        req.context.can("create_subnet", network)
        return Answer({"subnet": views.subnet(self._subnets.create(req.context, values))}, 201)

    @validation.body(schemas.SUBNET_UPDATE)
    def update(self, req, id):
        subnet = self._load(req, id, "update_subnet")
        return {"subnet": views.subnet(self._subnets.update(req.context, subnet, owning.values(req, "subnet")))}

    def delete(self, req, id):
        """204.  409: a port has an address of it."""
        self._subnets.delete(req.context, self._load(req, id, "delete_subnet"))
        return 204
