"""/subnets"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.wsgi import validation
from nova_lite.network import canonical
from nova_lite.network.exceptions import InvalidInput

_SEGMENT = "segment_id"
FILTERS = listing.Filters(
    {"name": ("name", str), "network_id": ("network_id", str), "cidr": ("cidr", canonical.cidr),
     "gateway_ip": ("gateway_ip", canonical.address), "ip_version": ("ip_version", listing.number),
     "subnetpool_id": ("subnetpool_id", str),
     "enable_dhcp": ("enable_dhcp", listing.boolean), "shared": ("shared", listing.boolean),
     "router:external": ("external", listing.boolean), "ipv6_ra_mode": ("ipv6_ra_mode", str),
     "ipv6_address_mode": ("ipv6_address_mode", str)},
    {_SEGMENT: None})


class Subnets(Collection):
    """A subnet belongs to whoever owns its network; a shared network shows its subnets."""

    name, plural, filters = "subnet", "subnets", FILTERS

    def __init__(self, network):
        super().__init__(network.subnets)
        self._networks = network.networks

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.SUBNET_CREATE)
    def create(self, req):
        return self._create(req, parented=True)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        self._networks.get(req.context, values["network_id"])
        target = self._target(req, values)
        req.context.can("create_subnet", target)
        if said.get(_SEGMENT) is not None:
            req.context.can(f"create_subnet:{_SEGMENT}", target)
            raise InvalidInput(detail=f"Subnets are on all segments of their network: leave {_SEGMENT} None.")
        return self._tagged(req, values, target)

    @validation.body(schemas.SUBNET_UPDATE)
    def update(self, req, id):
        return self._update(req, id)

    def _target(self, req, row):
        network = self._networks.of(req.context, row)
        return {**ident(row), "project_id": row["project_id"], "network:project_id": network["project_id"],
                "shared": bool(network["shared"]), "router:external": network["router:external"]}

    def _view(self, req, row):
        return self._views(req, [row])[0]

    def _views(self, req, rows):
        segment = {_SEGMENT: None} if req.context.may(f"get_subnet:{_SEGMENT}") else {}
        return [views.subnet(each) | segment for each in rows]
