"""From a checked body to the values that are kept."""

import json

from oslo_utils import uuidutils

from nova_lite.api.network.listing import boolean
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exceptions
from nova_lite.network import canonical, dns_names, port_options
from nova_lite.network.exceptions import InvalidInput

#: Stands for every project where an RBAC policy names one.
EVERYONE = "*"
#: Characters of a project's id.
LONGEST_PROJECT_ID = 64
#: Characters of a binding's profile, as JSON.
_LONGEST_PROFILE = 4095
#: Accepted because clients send them, and true already.
_IMPLIED = ("binding:vnic_type", "distributed", "ha", "flavor_id", "segment_id")


def possible_project(project_id):
    """:raises InvalidInput: no project has an id as long as this."""
    if len(project_id) > LONGEST_PROJECT_ID:
        raise InvalidInput(detail=f"No project has an id of more than {LONGEST_PROJECT_ID} characters.")


def _target(project):
    """A project's id, or "*".  :raises InvalidInput: it is neither."""
    if project != EVERYONE and not uuidutils.is_uuid_like(project):
        raise InvalidInput(detail=f"'{project}' is not a valid target project ID; expected a UUID or '*'.")
    return project


def _integer(value):
    return None if value is None else int(value)


def _profile(said):
    """:raises InvalidInput: it is longer than any that Neutron keeps."""
    if len(json.dumps(said)) > _LONGEST_PROFILE:
        raise InvalidInput(detail="binding:profile value too large.")
    return said or {}


def _gateway(said):
    """:raises BadRequest: it does not name the network."""
    if not said:
        return None
    if "network_id" not in said:
        raise exceptions.BadRequest(
            "Invalid input for external_gateway_info. Reason: Validation of dictionary's keys failed. Expected keys: "
            f"{{'network_id'}} Provided keys: {set(said)}.")
    forms = {"enable_snat": boolean, "external_fixed_ips": lambda several: canonical.fixed_ips(
        several, "external_gateway_info")}
    return {name: forms[name](value) if name in forms else value for name, value in said.items()}


#: attribute -> callable(what a client says) -> the one form in which it is kept.
_FORMS = {
    **dict.fromkeys(("shared", "router:external", "admin_state_up", "port_security_enabled", "enable_dhcp", "stateful",
                     "is_default", "use_default_subnetpool", "used_in_default_sg", "used_in_non_default_sg"), boolean),
    **dict.fromkeys(("mtu", "ip_version", "prefixlen", "min_prefixlen", "max_prefixlen", "default_prefixlen",
                     "default_quota", "max_kbps", "max_burst_kbps", "min_kbps", "dscp_mark", "max_kpps",
                     "max_burst_kpps", "min_kpps", "segmentation_id"), _integer),
    **dict.fromkeys(("gateway_ip", "fixed_ip_address", "floating_ip_address"), lambda text: text and canonical.address(
        text)),
    "fixed_ips": canonical.fixed_ips, "allocation_pools": canonical.pools,
    "mac_address": lambda text: None if text is None else canonical.mac(text),
    "external_gateway_info": _gateway, "routes": lambda several: canonical.routes(several or []),
    "host_routes": canonical.host_routes, "service_types": canonical.service_types,
    "dns_nameservers": lambda several: several or [], "security_groups": lambda several: several or [],
    "allowed_address_pairs": port_options.pairs, "extra_dhcp_opts": port_options.dhcp,
    "dns_name": dns_names.name, "dns_domain": dns_names.domain,
    "object_type": lambda word: word.strip().lower(), "target_tenant": _target,
    "binding:profile": _profile, "binding:host_id": lambda host: host or "",
}
#: attribute -> the name under which it is kept.
_NAMES = {"binding:profile": "binding_profile", "binding:host_id": "host", "target_tenant": "target_project"}


def resources(req, name, plural):
    """What a body says of one resource, or of each of several: ([dict], whether it says several)."""
    body = req.body_json
    return ([each.get(name, each) for each in body[plural]], True) if plural in body else ([body[name]], False)


def made(name, plural, shown, several):
    """The answer to a request that made what is ``shown``."""
    return Answer({plural: shown} if several else {name: shown[0]}, 201)


def values(said):
    """What is kept of the attributes that a client ``said``, each in its form."""
    return {_NAMES.get(name, name): _FORMS[name](value) if name in _FORMS else value
            for name, value in said.items() if name not in _IMPLIED}


def owner(req, said):
    """The project that a new resource belongs to: the caller's, or the one an admin names.

    :raises BadRequest: somebody else's.
    """
    named = [said[key] for key in ("project_id", "tenant_id") if key in said]
    if not req.context.is_admin and any(each != req.context.project_id for each in named):
        raise exceptions.BadRequest("Specifying 'project_id' other than the authenticated project in request is not "
                                   "allowed for the current user.")
    found = named[0] if named else req.context.project_id
    if found is None:
        raise exceptions.BadRequest("The request names no project and its token is of none.")
    return found


def owned(req, said):
    """``values`` with project_id, for a new resource."""
    rest = {name: value for name, value in said.items() if name not in ("project_id", "tenant_id")}
    return values(rest) | {"project_id": owner(req, said)}
