"""What a caller may say of a port: as in Neutron, attributes have rules, for a network's owner may say more on it than
those with whom it is shared.
"""

import functools

from nova_lite.common import policy

#: Values that are the same as leaving the attribute out.
_EMPTY = ({}, [], "", None, "normal")


def target(network, project_id, device_owner=""):
    """What rules see of a port of ``project_id`` on a network (a dict)."""
    return {"project_id": project_id, "network:project_id": network["project_id"], "shared": bool(network["shared"]),
            "device_owner": device_owner or ""}


def check_create(context, network, said):
    """:param said: the attributes of the new port by the API's names, and project_id.

    :raises PolicyNotAuthorized: naming the first rule that does not allow it.
    """
    _check(context, "create_port", target(network, said["project_id"], said.get("device_owner")),
           {name: value for name, value in said.items() if value not in _EMPTY})


def check_update(context, network, port, said):
    """As ``check_create``, for an update; a present value is always allowed.

    :param port: the API's view of it, with all attributes.
    """
    new_owner = said.get("device_owner", port["device_owner"])
    _check(context, "update_port", {"id": port["id"], **target(network, port["project_id"], new_owner)},
           {name: value for name, value in said.items() if port.get(name) != value})


def may_choose_address(context, action, network, project_id):
    """Whether a caller may pick an address for a port of ``project_id`` on a network.

    :param action: "create_port" or "update_port".
    """
    asked = target(network, project_id, "compute:nova")
    return all(context.may(f"{action}:{each}", asked) for each in ("fixed_ips", "fixed_ips:ip_address"))


def has_addresses(port, wanted):
    """Whether a port (a dict) has exactly the addresses that a client asks for, so that nothing changes."""
    if len(wanted) != len(port["fixed_ips"]):
        return False
    left = list(port["fixed_ips"])
    for each in sorted(wanted, key=lambda one: "ip_address" not in one):
        found = next((one for one in left if all(one[name] == value for name, value in each.items())), None)
        if found is None:
            return False
        left.remove(found)
    return True


def _check(context, action, asked, said):
    context.can(action, asked)
    for name in _attributes(action):
        if _names(said, name):
            context.can(f"{action}:{name}", asked)


@functools.cache
def _attributes(action):
    """The attributes that have a rule of their own for ``action``."""
    prefix = f"{action}:"
    return tuple(each.name.removeprefix(prefix) for each in policy.declared()
                 if each.name.startswith(prefix) and not each.name.endswith(":tags"))


def _names(said, name):
    """Whether ``said`` has an attribute, or a list of which an entry has it ("fixed_ips:ip_address")."""
    if name in said:
        return True
    outer, _, inner = name.partition(":")
    entries = said.get(outer)
    return isinstance(entries, list) and any(inner in each for each in entries)
