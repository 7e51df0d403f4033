"""Port security: which ports have it, and that no port without it is in a security group."""

from nova_lite.db.network import networks as network_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.planes.capabilities import Capability

#: How the device_owner of ports of the network itself begins, which are trusted.
_TRUSTED = "network:"
NAME = "port_security_enabled"


def check_served(values):
    """:raises InvalidInput: a network or port (what a client says of it) is to be without, and hosts filter anyway."""
    if values.get(NAME) is False:
        check_capable(Capability.PORT_SECURITY, "cannot be without port security: leave port_security_enabled True")


def of_new(session, network_id, values):
    """Whether a new port has it: none of the network itself, else what is said of the port, or of its network."""
    if (values.get("device_owner") or "").startswith(_TRUSTED):
        return False
    said = values.get(NAME)
    return network_queries.has_port_security(session, network_id) if said is None else said


def check_pairs(secure, pairs):
    """:raises AddressPairAndPortSecurityRequired: a port is to have allowed address pairs, and no port security."""
    if pairs and not secure:
        raise exceptions.AddressPairAndPortSecurityRequired


def check_groups(secure, group_ids):
    """:raises PortSecurityAndIPRequiredForSecurityGroups: a port is to be in groups, and without port security."""
    if group_ids and not secure:
        raise exceptions.PortSecurityAndIPRequiredForSecurityGroups


def check_change(port, values, group_ids):
    """:param values: what changes of a port.  :param group_ids: its groups from now on; None: those that it has.

    :raises PortSecurityPortHasSecurityGroup: it would be without port security, and is in groups.
    :raises PortSecurityAndIPRequiredForSecurityGroups, AddressPairAndPortSecurityRequired:
    """
    if values.get(NAME) is not port[NAME]:
        check_served(values)
    secure = values.get(NAME, port[NAME])
    said = values.get("allowed_address_pairs")
    check_pairs(secure, port["allowed_address_pairs"] if said is None else said)
    check_groups(secure, group_ids)
    if not secure and group_ids is None and port["security_groups"]:
        raise exceptions.PortSecurityPortHasSecurityGroup
