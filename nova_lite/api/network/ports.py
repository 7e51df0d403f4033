"""/ports"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.network.collection import Collection, ident
from nova_lite.api.network.extensions import MINIMUM_BANDWIDTH
from nova_lite.api.network.preconditions import revision
from nova_lite.api.wsgi import validation
from nova_lite.network import canonical, port_rights
from nova_lite.network.exceptions import InvalidInput
from nova_lite.policies.network import PORT_REQUEST, PORT_SECRETS

_FIXED = ("ip_address", "subnet_id", "ip_address_substr")


def _fixed_ips(values):
    """``ip_address=10.0.0.5``, ``subnet_id=...``, ``ip_address_substr=10.0``: all of one address, values of one any."""
    made = {}
    for each in values:
        name, _, value = each.partition("=")
        if name not in _FIXED:
            raise InvalidInput(detail=f"'{each}' is no filter of fixed_ips.")
        made.setdefault(name, []).append(canonical.address(value) if name == "ip_address" else value)
    return made


FILTERS = listing.Filters(
    {"name": ("name", str), "network_id": ("network_id", str), "mac_address": ("mac_address", canonical.mac_or_text),
     "device_id": ("device_id", str), "device_owner": ("device_owner", str), "status": ("status", str.upper),
     "binding:host_id": ("host", str), "binding:vif_type": ("vif_type", str),
     "admin_state_up": ("admin_state_up", listing.boolean), "qos_policy_id": ("qos_policy_id", str),
     "port_security_enabled": ("port_security_enabled", listing.boolean)},
    {"binding:vnic_type": "normal"},
    {"fixed_ips": _fixed_ips, "security_groups": list})


class Ports(Collection):
    """Those of the project, and those of others on its networks.

    :param interfaces: of the compute facade; it notifies a server's host when one of its ports changes.
    """

    name, plural, filters = "port", "ports", FILTERS

    def __init__(self, network, interfaces):
        super().__init__(network.ports)
        self._networks = network.networks
        self._interfaces = interfaces
        self._promises = MINIMUM_BANDWIDTH in network.capabilities

    @validation.query(FILTERS.schema)
    def index(self, req):
        """``fixed_ips=ip_address=10.0.0.5`` and ``fixed_ips=subnet_id=...`` find by address."""
        return self._index(req)

    @validation.body(schemas.PORT_CREATE)
    def create(self, req):
        return self._create(req, parented=True)

    def _new(self, req, said):
        values = attributes.owned(req, said)
        network = self._networks.owned(req.context, values["network_id"])
        port_rights.check_create(req.context, network, {**said, "project_id": values["project_id"]})
        return self._tagged(req, values, port_rights.target(network, values["project_id"]))

    @validation.body(schemas.PORT_UPDATE)
    def update(self, req, id):
        """409: what would change is in use by a server."""
        port, network = self._known(req, id)
        said = req.body_json["port"]
        values = attributes.values(said)
        port_rights.check_update(req.context, network, views.port(port), _as_shown(port, said, values))
        change = self._interfaces.update_port if port["server_id"] else self._facade.update
        return {"port": self._view(req, change(req.context, port, values, revision(req)))}

    def delete(self, req, id):
        """204; a server's NIC goes with it, as soon as the guest has let go of it."""
        port, network = self._known(req, id)
        req.context.can("delete_port", ident(port) | port_rights.target(network, port["project_id"],
                                                                        port["device_owner"]))
        remove = self._interfaces.delete_port if port["server_id"] else self._facade.delete
        remove(req.context, port, revision(req))
        return 204

    def _known(self, req, id):
        """A port and its network, which the port's project sees only while it is shared with it."""
        port = self._facade.get(req.context, id)
        return port, self._networks.of(req.context, port)

    def _target(self, req, row):
        network = self._networks.of(req.context, row)
        return ident(row) | port_rights.target(network, row["project_id"], row["device_owner"])

    def _view(self, req, row):
        return self._views(req, [row])[0]

    def _views(self, req, rows):
        secrets, made = [name for name in PORT_SECRETS if not req.context.may(f"get_port:{name}")], []
        asks = self._promises and req.context.may(f"get_port:{PORT_REQUEST}")
        requests = self._facade.resource_requests(rows) if asks else {}
        for row in rows:
            made.append(views.port(row) | ({PORT_REQUEST: requests[row["id"]]} if asks else {}))
            for name in secrets:
                del made[-1][name]
        return made


def _as_shown(port, said, values):
    """What a client ``said``, in the form in which views show it: a port's own addresses or MAC, said again, are so."""
    shown = {name: values.get(name, value) for name, value in said.items()}
    if "fixed_ips" in said and port_rights.has_addresses(port, values["fixed_ips"]):
        shown["fixed_ips"] = port["fixed_ips"]
    return shown
