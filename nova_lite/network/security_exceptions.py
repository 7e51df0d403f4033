"""Why a request about address groups and first rules of security groups is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class AddressGroupNotFound(exceptions.NotFound):
    template = "Address group {group_id} could not be found."


class AddressGroupInUse(exceptions.Conflict):
    template = "Address group {group_id} is in use on one or more security group rules."


class AddressesNotFound(exceptions.NotFound):
    template = "Addresses {addresses} not found in the address group {group_id}."


class AddressesAlreadyExist(exceptions.BadRequest):
    template = "Addresses {addresses} already exist in the address group {group_id}."


class TooManyAddresses(exceptions.BadRequest):
    """Neutron has no limit."""

    template = ("Address group {group_id} may have at most {limit} addresses, and would have {wanted}: use wider "
                "prefixes, or a second group.")


class DefaultSecurityGroupRuleNotFound(exceptions.NotFound):
    template = "Default Security Group rule {rule_id} does not exist"


class DefaultSecurityGroupRuleExists(exceptions.Conflict):
    template = "Default Security group rule already exists. Rule id is {rule_id}."
