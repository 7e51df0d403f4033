"""/ports/{port_id}/bindings"""

from nova_lite.api.network import attributes, listing, schemas
from nova_lite.api.wsgi import validation
from nova_lite.common.visibility import ALL

FILTERS = listing.Filters({each: (each, str) for each in ("host", "status", "vif_type", "vnic_type")}, common={},
                          tagged=False)
#: What of a binding clients choose, as attributes of a port.
_NAMES = {"host": "binding:host_id", "profile": "binding:profile"}


class PortBindings:
    """For operators and services: the hosts that a port is bound to, whose key is the host's name."""

    def __init__(self, network):
        self._ports = network.ports
        self._bindings = network.port_bindings

    @validation.query(FILTERS.schema)
    def index(self, req, port_id):
        """400: ports of such a device have one binding alone."""
        port, ask = self._port(req, port_id, "get_port_binding"), FILTERS.ask(req.query)
        return listing.page(req, "bindings", self._bindings.list(port, ask), ask, key="host",
                            path=f"ports/{port['id']}/bindings")

    @validation.body(schemas.BINDING_CREATE)
    def create(self, req, port_id):
        """409: the port has one on the host."""
        port = self._port(req, port_id, "create_port_binding")
        values = _values(req.body_json["binding"])
        made = self._bindings.add(port, values["host"], values.get("binding_profile"))
        return attributes.made("binding", "bindings", [made], several=False)

    def show(self, req, port_id, id):
        found = self._bindings.get(self._port(req, port_id, "get_port_binding"), id)
        return {"binding": listing.only(found, set(req.query.get("fields", ())))}

    @validation.body(schemas.BINDING_UPDATE)
    def update(self, req, port_id, id):
        """409: it is that of a server's port to the server's host, and would move."""
        port = self._port(req, port_id, "update_port_binding")
        return {"binding": self._bindings.update(port, id, _values(req.body_json["binding"]))}

    def activate(self, req, port_id, id):
        """200 and the binding, without its kind's name around it.  409: a server has the port, or it is active."""
        return self._bindings.activate(self._port(req, port_id, "activate"), id)

    def delete(self, req, port_id, id):
        """204.  409: it is that of a server's port to the server's host."""
        self._bindings.remove(self._port(req, port_id, "delete_port_binding"), id)
        return 204

    def _port(self, req, port_id, rule):
        """A port, about which the caller may know where it is bound, and do what ``rule`` says.

        Services, whose rules name no project, find it whosesoever it is.
        """
        everyones = req.context.may("get_port_binding", {"project_id": None})
        port = self._ports.load(ALL if everyones else req.context.visible_project, port_id)
        target = {"id": port["id"], "project_id": port["project_id"]}
        req.context.can("get_port_binding", target)
        req.context.can(rule, target)
        return port


def _values(said):
    """:raises InvalidInput: the profile is too large."""
    return attributes.values({_NAMES[name]: each for name, each in said.items() if name in _NAMES})
