"""/floatingips/{id}/port_forwardings"""

from nova_lite.api.network import attributes, listing, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.common import exceptions
from nova_lite.network import canonical
from nova_lite.network.listing import Ask

FILTERS = listing.Filters({
    "id": ("id", str), "protocol": ("protocol", str.lower), "internal_port_id": ("internal_port_id", str),
    "external_port": ("external_first", listing.number), "description": ("description", str)}, common={}, tagged=False)
_RULE = "floatingip_port_forwarding"
_PROTOCOLS = ("tcp", "udp", "sctp", "udplite", "dccp")


class PortForwardings:
    """They are whose the floating IP is."""

    def __init__(self, network):
        self._floating_ips = network.floating_ips
        self._forwardings = network.port_forwardings

    @validation.query(FILTERS.schema)
    def index(self, req, floatingip_id):
        parent = self._parent(req, floatingip_id, "get")
        asked = FILTERS.ask(req.query)
        ask = Ask({**asked.filters, "floatingip_id": [parent["id"]]}, asked.sort, asked.limit, asked.marker,
                  asked.reverse)
        shown = [views.port_forwarding(each) for each in self._forwardings.list(req.context, ask)]
        return listing.page(req, "port_forwardings", shown, ask, path=f"floatingips/{parent['id']}/port_forwardings")

    @validation.body(schemas.PORT_FORWARDING_CREATE)
    def create(self, req, floatingip_id):
        """409: the floating IP, or one for the port, stands for an address."""
        parent = self._parent(req, floatingip_id, "create")
        said, several = attributes.resources(req, "port_forwarding", "port_forwardings")
        made = self._forwardings.add(req.context, parent, [_new(each) for each in said])
        return attributes.made("port_forwarding", "port_forwardings", [views.port_forwarding(each) for each in made],
                               several)

    def show(self, req, floatingip_id, id):
        found = self._forwardings.of(self._parent(req, floatingip_id, "get"), id)
        shown = views.port_forwarding(found)
        return {"port_forwarding": listing.only(shown, set(req.query.get("fields", ())))}

    @validation.body(schemas.PORT_FORWARDING_UPDATE)
    def update(self, req, floatingip_id, id):
        parent = self._parent(req, floatingip_id, "update")
        found = self._forwardings.of(parent, id)
        changed = self._forwardings.update(req.context, parent, found, _values(req.body_json["port_forwarding"]))
        return {"port_forwarding": views.port_forwarding(changed)}

    def delete(self, req, floatingip_id, id):
        """204; with its last one, the floating IP leaves its router."""
        parent = self._parent(req, floatingip_id, "delete")
        self._forwardings.remove_from(parent, self._forwardings.of(parent, id))
        return 204

    def _parent(self, req, id, action):
        parent = self._floating_ips.get(req.context, id)
        req.context.can(f"{action}_{_RULE}", {
            "id": parent["id"], "project_id": parent["project_id"], "ext_parent:project_id": parent["project_id"]})
        return parent


def _new(said):
    values = _values(said)
    if "external" not in values or "internal" not in values:
        raise exceptions.BadRequest("Invalid input for port_forwarding. Reason: A port or a range of ports is missing.")
    return values


def _values(said):
    """What is kept of what a client ``said``: a range as (first, last).  :raises BadRequest: a value is none."""
    kept = {name: said[name] for name in ("internal_port_id", "internal_ip_address", "description") if name in said}
    if "internal_ip_address" in kept:
        kept["internal_ip_address"] = canonical.address(kept["internal_ip_address"])
    if "protocol" in said:
        kept["protocol"] = said["protocol"].lower()
        if kept["protocol"] not in _PROTOCOLS:
            raise exceptions.BadRequest(f"Invalid input for protocol. Reason: '{said['protocol']}' is not in "
                                       f"{list(_PROTOCOLS)}.")
    for side in ("external", "internal"):
        name = next((each for each in (f"{side}_port_range", f"{side}_port") if said.get(each) is not None), None)
        if name is not None:
            kept[side] = _ends(name, str(said[name]))
    return kept


def _ends(name, text):
    parts = text.split(":")
    if len(parts) > 2 or not all(each.isascii() and each.isdigit() and 1 <= int(each) <= 65535 for each in parts):
        raise exceptions.BadRequest(f"Invalid input for {name}. Reason: Invalid port: {text}.")
    first, last = int(parts[0]), int(parts[-1])
    if first > last:
        raise exceptions.BadRequest(f"Invalid input for {name}. Reason: First port in a port range must be lower than "
                                   f"the second port.")
    return first, last
