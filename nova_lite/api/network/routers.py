"""/routers, their interfaces and routes."""

from oslo_utils import uuidutils

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection
from nova_lite.api.network.preconditions import revision
from nova_lite.api.wsgi import validation
from nova_lite.network.exceptions import BadRequest
from nova_lite.policies.network import ROUTER_ATTRIBUTES, ROUTER_SECRETS

FILTERS = listing.Filters({"name": ("name", str), "admin_state_up": ("admin_state_up", listing.boolean)},
                          {"status": "ACTIVE", "distributed": False, "ha": False, "flavor_id": None})
_GATEWAY = "external_gateway_info"


class Routers(Collection):
    name, plural, filters = "router", "routers", FILTERS

    def __init__(self, network):
        super().__init__(network.routers)
        self._interfaces = network.router_interfaces

    @validation.query(FILTERS.schema)
    def index(self, req):
        return self._index(req)

    @validation.body(schemas.ROUTER_CREATE)
    def create(self, req):
        return self._create(req)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        target = self._target(req, values)
        req.context.can("create_router", target)
        _check_ruled(req, "create", {name: each for name, each in said.items() if each is not None}, target)
        return self._tagged(req, values, target)

    @validation.body(schemas.ROUTER_UPDATE)
    def update(self, req, id):
        """409: floating IPs need the gateway that the router has."""
        row, said = self._load(req, id, "update"), req.body_json["router"]
        _check_ruled(req, "update", said, self._target(req, row))
        values = attributes.values(said)
        return {"router": self._view(req, self._facade.update(req.context, row, values, revision(req)))}

    @validation.body(schemas.ROUTER_INTERFACE)
    def add_router_interface(self, req, id):
        """200.  404: no such subnet or port.  409: the port has a device, or the gateway's address is another's."""
        row = self._act(req, id, "add_router_interface")
        said = _one_or_both(req)
        if len(said) > 1:
            raise _bad("Cannot specify both subnet-id and port-id")
        if "port_id" in said:
            made = self._interfaces.add_port(req.context, row, said["port_id"], revision(req))
        else:
            made = self._interfaces.add_subnet(req.context, row, said["subnet_id"], revision(req))
        return views.router_interface(row, made)

    @validation.body(schemas.ROUTER_INTERFACE)
    def remove_router_interface(self, req, id):
        """200.  404: the router has no such interface.  409: floating IPs or routes need it."""
        row = self._act(req, id, "remove_router_interface")
        gone = self._interfaces.remove(req.context, row, **_one_or_both(req), revision=revision(req))
        return views.router_interface(row, gone)

    @validation.body(schemas.EXTRA_ROUTES)
    def add_extraroutes(self, req, id):
        """Those that are there stay; 200."""
        return self._change_routes(req, id, "add_extraroutes", self._facade.add_routes)

    @validation.body(schemas.EXTRA_ROUTES)
    def remove_extraroutes(self, req, id):
        """Those that are not there are no mistake; 200."""
        return self._change_routes(req, id, "remove_extraroutes", self._facade.remove_routes)

    def _change_routes(self, req, id, rule, change):
        row, given = self._act(req, id, rule), attributes.values(req.body_json["router"])
        return {"router": self._view(req, change(req.context, row, given["routes"], revision(req)))}

    def _act(self, req, id, rule):
        row = self._facade.get(req.context, id)
        req.context.can(rule, self._target(req, row))
        return row

    def _view(self, req, row):
        return self._views(req, [row])[0]

    def _views(self, req, rows):
        hidden = [name for name in ROUTER_SECRETS if not req.context.may(f"get_router:{name}")]
        zones = self._facade.zones([each["id"] for each in rows])
        return [{name: value for name, value in views.router(each, zones.get(each["id"], [])).items()
                 if name not in hidden} for each in rows]


def _check_ruled(req, action, said, target):
    """Ask the rules of what a client ``said``, and of each thing that it says of a gateway."""
    names = [name for name in (*ROUTER_SECRETS, _GATEWAY) if name in said]
    names += [f"{_GATEWAY}:{each}" for each in said.get(_GATEWAY) or () if f"{_GATEWAY}:{each}" in ROUTER_ATTRIBUTES]
    for name in names:
        req.context.can(f"{action}_router:{name}", target)


def _one_or_both(req):
    """{"port_id", "subnet_id"} of an interface, at least one of them.

    :raises BadRequest: there is none, or it is no UUID.
    """
    said = req.body_json
    if not said:
        raise _bad("Either subnet_id or port_id must be specified")
    for name in ("port_id", "subnet_id"):
        if name in said and not uuidutils.is_uuid_like(said[name]):
            raise _bad(f"'{said[name]}' is not a valid UUID")
    return said


def _bad(detail):
    return BadRequest(resource="router", detail=detail)
