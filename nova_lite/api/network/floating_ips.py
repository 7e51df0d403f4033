"""/floatingips and /floatingip_pools"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.network.extensions import QOS_ROUTERS
from nova_lite.api.wsgi import validation
from nova_lite.common import policy
from nova_lite.network import canonical

FILTERS = listing.Filters({
    "floating_network_id": ("floating_network_id", str), "router_id": ("router_id", str),
    "floating_ip_address": ("floating_ip_address", canonical.address), "port_id": ("fixed_port_id", str),
    "fixed_ip_address": ("fixed_ip_address", canonical.address), "status": ("status", str.upper)})
POOL_FILTERS = listing.Filters({}, common={}, tagged=False)


class FloatingIps(Collection):
    name, plural, filters = "floatingip", "floatingips", FILTERS

    def __init__(self, network):
        super().__init__(network.floating_ips)
        self._hidden = () if QOS_ROUTERS in network.capabilities else ("qos_policy_id", "qos_network_policy_id")

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.FLOATING_IP_CREATE)
    def create(self, req):
        """404: no router connects the port with the network.  409: the address, or what it is for, is taken."""
        return self._create(req)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        target = self._target(req, values)
        req.context.can("create_floatingip", target)
        if values.get("floating_ip_address") is not None:
            req.context.can("create_floatingip:floating_ip_address", target)
        return self._tagged(req, values, target)

    @validation.body(schemas.FLOATING_IP_UPDATE)
    def update(self, req, id):
        """A body that says nothing, and a port_id of null, let it stand for nothing."""
        return self._update(req, id)

    @validation.query(POOL_FILTERS.schema)
    def pools(self, req):
        """Subnets that floating IPs come from."""
        if not policy.is_for(req.context, "get_floatingip_pool") or not req.context.may("get_floatingip_pool"):
            return {"floatingip_pools": []}
        fields = set(req.query.get("fields", ()))
        return {"floatingip_pools": [listing.only(views.floating_ip_pool(row, req.context.project_id), fields)
                                     for row in self._facade.pools(req.context)]}

    def _view(self, req, row):
        return {name: value for name, value in views.floating_ip(row).items() if name not in self._hidden}
