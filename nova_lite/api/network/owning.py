"""From a checked body to the values that are kept."""

from nova_lite.api.network.listing import boolean
from nova_lite.common import exception

_BOOLEANS = ("shared", "enable_dhcp")
_INTEGERS = ("mtu", "ip_version", "port_range_min", "port_range_max")
#: Accepted because clients send them, and true already.
_IMPLIED = ("admin_state_up", "port_security_enabled", "availability_zone_hints", "router:external", "host_routes",
            "service_types", "subnetpool_id", "ipv6_ra_mode", "ipv6_address_mode", "allowed_address_pairs",
            "extra_dhcp_opts", "binding:vnic_type", "binding:profile", "stateful", "remote_address_group_id")


def values(req, name):
    """The attributes of a body's resource, with their types."""
    found = {key: value for key, value in req.body_json[name].items() if key not in _IMPLIED}
    found |= {key: boolean(found[key]) for key in _BOOLEANS if key in found}
    found |= {key: int(found[key]) for key in _INTEGERS if found.get(key) is not None}
    if "mac_address" in found:
        found["mac_address"] = found["mac_address"].lower()
    return found


def owned(req, name):
    """``values`` with project_id: the caller's, or the one an admin names.  :raises BadRequest: somebody else's."""
    found = values(req, name)
    named = [found.pop(key) for key in ("project_id", "tenant_id") if key in found]
    owner = named[0] if named else req.context.project_id
    if not req.context.is_admin and any(each != req.context.project_id for each in named):
        raise exception.BadRequest("Specifying 'project_id' other than the authenticated project in request is not "
                                   "allowed for the current user.")
    if owner is None:
        raise exception.BadRequest("The request names no project and its token is of none.")
    return found | {"project_id": owner}
