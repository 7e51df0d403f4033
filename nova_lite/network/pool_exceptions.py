"""Why a request about subnet pools and address scopes is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class AddressScopeNotFound(exceptions.NotFound):
    template = "Address scope {scope_id} could not be found."


class AddressScopeInUse(exceptions.Conflict):
    template = ("Unable to complete operation on address scope {scope_id}. There are one or more subnet pools in use "
                "on the address scope.")


class AddressScopeUpdateError(exceptions.BadRequest):
    template = "Unable to update address scope {scope_id} : {reason}."


class AddressScopePrefixConflict(exceptions.Conflict):
    template = "Failed to associate address scope: subnetpools within an address scope must have unique prefixes."


class NetworkAddressScopeAffinityError(exceptions.BadRequest):
    template = ("Subnets of the same address family hosted on the same network must all participate in the same "
                "address scope.")


class NetworkSubnetPoolAffinityError(exceptions.BadRequest):
    template = "Subnets hosted on the same network must be allocated from the same subnet pool."


class SubnetPoolNotFound(exceptions.NotFound):
    template = "Subnet pool {pool_id} could not be found."


class SubnetPoolInUse(exceptions.Conflict):
    template = "Unable to complete operation on subnet pool {pool_id}. Subnets of other projects come from it."


class SubnetPoolDeleteError(exceptions.BadRequest):
    template = "Unable to delete subnet pool: Subnet pool has existing allocations."


class EmptySubnetPoolPrefixList(exceptions.BadRequest):
    template = "Empty subnet pool prefix list."


class PrefixVersionMismatch(exceptions.BadRequest):
    template = "Cannot mix IPv4 and IPv6 prefixes in a subnet pool."


class IllegalSubnetPoolPrefixBounds(exceptions.BadRequest):
    template = "Illegal prefix bounds: {length}, {bound}."


class IllegalSubnetPoolPrefixUpdate(exceptions.BadRequest):
    template = "Illegal update to prefixes: {detail}."


class IllegalSubnetPoolUpdate(exceptions.BadRequest):
    template = "Illegal subnetpool update : {reason}."


class IllegalSubnetPoolIpVersionAssociationToAddressScope(exceptions.BadRequest):
    template = ("Illegal subnetpool association: subnetpool {pool_id} cannot associate with address scope {scope_id} "
                "because subnetpool ip_version is not {ip_version}.")


class SubnetAllocationError(exceptions.Conflict):
    """Neutron's status is 500 here."""

    template = "Failed to allocate subnet: {reason}."


class MinPrefixSubnetAllocationError(exceptions.BadRequest):
    template = "Unable to allocate subnet with prefix length {prefixlen}, minimum allowed prefix is {limit}."


class MaxPrefixSubnetAllocationError(exceptions.BadRequest):
    template = "Unable to allocate subnet with prefix length {prefixlen}, maximum allowed prefix is {limit}."


class SubnetPoolQuotaExceeded(exceptions.Conflict):
    template = "Per-project subnet pool prefix quota exceeded."
