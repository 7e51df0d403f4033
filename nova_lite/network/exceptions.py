"""What can be wrong with a network request; the names are Neutron's, whose clients read them as the error's type."""

from nova_lite.common import exceptions

# ---- resources of the network API


class InvalidInput(exceptions.BadRequest):
    template = "Invalid input for operation: {detail}"


class BadRequest(exceptions.BadRequest):
    """Neutron's own of that name.  :ivar resource: a kind, in the plural."""

    template = "Bad {resource} request: {detail}."


class MalformedRequestBody(exceptions.BadRequest):
    template = "Malformed request body: Cannot understand JSON."


class RevisionNumberConstraintFailed(exceptions.PreconditionFailed):
    template = "Constrained to {expected}, but current revision is {current}"


class TagNotFound(exceptions.NotFound):
    template = "Tag {tag} could not be found."


class TenantQuotaNotFound(exceptions.NotFound):
    template = "Quota for project {project_id} could not be found."


class NetworkNotFound(exceptions.NotFound):
    template = "Network {network_id} could not be found."


class AvailabilityZoneNotFound(exceptions.NotFound):
    template = "AvailabilityZone {availability_zone} could not be found."


class SubnetNotFound(exceptions.NotFound):
    template = "Subnet {subnet_id} could not be found."


class PortNotFound(exceptions.NotFound):
    template = "Port {port_id} could not be found."


class SecurityGroupNotFound(exceptions.NotFound):
    template = "Security group {group_id} does not exist"


class SecurityGroupRuleNotFound(exceptions.NotFound):
    template = "Security group rule {rule_id} does not exist"


class RbacPolicyNotFound(exceptions.NotFound):
    template = "RBAC policy of type unknown with ID {policy_id} not found"


class FlatNetworkInUse(exceptions.Conflict):
    template = "Unable to create the flat network. Physical network {physical_network} is in use."


class DuplicateRbacPolicy(exceptions.Conflict):
    template = "An RBAC policy already exists with those values."


class InvalidActionForType(exceptions.BadRequest):
    template = "Invalid action '{action}' for object type '{object_type}'. Valid actions: {known}"


class RbacPolicyInUse(exceptions.Conflict):
    template = ("RBAC policy on object {object_id} cannot be removed because other objects depend on it.\n"
                "Details: {details}")


class AgentNotFound(exceptions.NotFound):
    template = "Agent {agent_id} could not be found."


class ExtensionNotFound(exceptions.NotFound):
    template = "Extension with alias {alias} does not exist"


class NetworkInUse(exceptions.Conflict):
    template = ("Unable to complete operation on network {network_id}. There are one or more ports still in use on the "
                "network, id for these ports is: {ports}.")


class InvalidSharedSetting(exceptions.Conflict):
    template = "Unable to reconfigure sharing settings for network {network_id}. Multiple projects are using it."


class ExternalNetworkInUse(exceptions.Conflict):
    template = ("External network {network_id} cannot be updated to be made non-external, since it has existing "
                "gateway ports.")


class RouterDependsOnPolicy(exceptions.Conflict):
    """Shown as what a RbacPolicyInUse is about."""

    template = "There are routers attached to this network that depend on this policy for access."


class SubnetInUse(exceptions.Conflict):
    template = ("Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this "
                "subnet.")


class GatewayConflictWithAllocationPools(exceptions.Conflict):
    template = "Gateway ip {gateway} conflicts with allocation pool {pool}."


class InvalidAllocationPool(exceptions.BadRequest):
    template = "The allocation pool {pool} is not valid."


class OutOfBoundsAllocationPool(exceptions.BadRequest):
    template = "The allocation pool {pool} spans beyond the subnet cidr {cidr}."


class OverlappingAllocationPools(exceptions.Conflict):
    template = "Found overlapping allocation pools: {first} {second} for subnet {cidr}."


class IpAddressAlreadyAllocated(exceptions.Conflict):
    template = "IP address {ip} already allocated in subnet {subnet_id}"


class InvalidIpForNetwork(exceptions.BadRequest):
    template = "IP address {ip} is not a valid IP for any of the subnets on the specified network."


class InvalidIpForSubnet(exceptions.BadRequest):
    template = "IP address {ip} is not a valid IP for the specified subnet."


class AllocationOnAutoAddressSubnet(InvalidInput):
    template = ("IPv6 address {ip} cannot be directly assigned to a port on subnet {subnet_id} as the subnet is "
                "configured for automatic addresses")


class NetworkMTUSubnetConflict(exceptions.Conflict):
    template = "MTU of {network_id} is not valid, subnet requires a minimum of {mtu}"


class ExternalIpAddressExhausted(exceptions.BadRequest):
    template = "Unable to find any IP address on external network {network_id}."


class IpAddressGenerationFailure(exceptions.Conflict):
    template = "No more IP addresses available on network {network_id}."


class IpAddressGenerationFailureNoMatchingSubnet(IpAddressGenerationFailure):
    template = ("No valid service subnet for the given device owner, network {network_id}, service type "
                "{service_type}.")


class MacAddressInUse(exceptions.Conflict):
    template = "Unable to complete operation for network {network_id}. The mac address {mac} is in use."


class ServicePortInUse(exceptions.Conflict):
    template = "Port {port_id} cannot be deleted directly via the port API: {reason}."


class PortBound(exceptions.Conflict):
    template = "Unable to complete operation on port {port_id}, port is already bound: server {server_id} uses it."


class HostRoutesExhausted(exceptions.BadRequest):
    template = "Unable to complete operation for {subnet_id}. The number of host routes exceeds the limit {quota}."


class InvalidSubnetServiceType(exceptions.BadRequest):
    template = "Subnet service type {service_type} does not correspond to a valid device owner."


class AllowedAddressPairsMissingIP(exceptions.BadRequest):
    template = "AllowedAddressPair must contain ip_address"


class AddressPairAndPortSecurityRequired(exceptions.Conflict):
    template = "Port Security must be enabled in order to have allowed address pairs on a port."


class DuplicateAddressPairInRequest(exceptions.BadRequest):
    template = "Request contains duplicate address pair: mac_address {mac} ip_address {ip}."


class AllowedAddressPairExhausted(exceptions.BadRequest):
    template = "The number of allowed address pair exceeds the maximum {quota}."


class PortSecurityPortHasSecurityGroup(exceptions.Conflict):
    template = ("Port has security group associated. Cannot disable port security or IP address until security group "
                "is removed.")


class PortSecurityAndIPRequiredForSecurityGroups(exceptions.BadRequest):
    template = "Port security must be enabled and port must have an IP address in order to use security groups."


class SecurityGroupConflict(exceptions.Conflict):
    template = "Error {reason} while attempting the operation."


class SecurityGroupInUse(exceptions.Conflict):
    template = "Security Group {group_id} in use."


class SecurityGroupDefaultAlreadyExists(exceptions.Conflict):
    template = "Default security group already exists."


class SecurityGroupCannotUpdateDefault(exceptions.Conflict):
    template = "Updating default security group not allowed."


class SecurityGroupCannotRemoveDefault(exceptions.Conflict):
    template = "Insufficient rights for removing default security group."


class SecurityGroupRuleExists(exceptions.Conflict):
    template = "Security group rule already exists. Rule id is {rule_id}."


class SecurityGroupInvalidPortRange(exceptions.BadRequest):
    template = "For TCP/UDP protocols, port_range_min must be <= port_range_max"


class SecurityGroupInvalidPortValue(exceptions.BadRequest):
    template = "Invalid value for port {port}"


class SecurityGroupProtocolRequiredWithPorts(exceptions.BadRequest):
    template = "Must also specify protocol if port range is given."


class SecurityGroupInvalidProtocolForPort(exceptions.BadRequest):
    template = "Ports cannot be specified for protocol {protocol}. Ports are only supported for {known}."


class SecurityGroupEthertypeConflictWithProtocol(exceptions.BadRequest):
    template = "Invalid ethertype {ethertype} for protocol {protocol}."


class SecurityGroupRuleInvalidEtherType(exceptions.BadRequest):
    template = "Security group rule for ethertype '{ethertype}' not supported. Allowed values are {known}."


class SecurityGroupNotSingleGroupRules(exceptions.BadRequest):
    template = "Only allowed to update rules for one security profile at a time"


class DuplicateSecurityGroupRuleInPost(exceptions.Conflict):
    template = "Duplicate Security Group Rule in POST."


class SecurityGroupMissingIcmpType(exceptions.BadRequest):
    template = "ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing."


class SecurityGroupInvalidIcmpValue(exceptions.BadRequest):
    template = "Invalid value for ICMP {what} ({field}) {value}. It must be 0 to 255."


class SecurityGroupRuleInvalidProtocol(exceptions.BadRequest):
    template = ("Security group rule protocol {protocol} not supported. Only protocol values {known} and integer "
                "representations [0 to 255] are supported.")


class SecurityGroupRuleParameterConflict(exceptions.BadRequest):
    template = "Conflicting value ethertype {ethertype} for CIDR {cidr}"


class SecurityGroupMultipleRemoteEntites(exceptions.BadRequest):
    template = "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided."


class InvalidCIDR(exceptions.BadRequest):
    template = "Invalid CIDR {cidr} given as IP prefix."


class OverQuota(exceptions.Conflict):
    template = "Quota exceeded for resources: ['{resource}']."


# ---- what Nova answers when a server asks for networks

class RequestedNetworkNotFound(exceptions.BadRequest):
    template = "Network {network_id} could not be found."


class RequestedPortNotFound(exceptions.BadRequest):
    template = "Port id {port_id} could not be found."


class RequestedPortInUse(exceptions.Conflict):
    template = "Port {port_id} is still in use."


class RequestedPortNotUsable(exceptions.BadRequest):
    template = "Port {port_id} not usable for instance."


class RequestedPortNamedOtherwise(exceptions.BadRequest):
    template = ("Port {port_id} not usable for instance {server_id}. Value {name} assigned to dns_name attribute does "
                "not match instance's hostname {hostname}")


class RequestedPortTwice(exceptions.BadRequest):
    template = "Port ID '{port_id}' was specified twice: you cannot attach a port multiple times."


class RequestedPortWithoutAddress(exceptions.BadRequest):
    template = "Port {port_id} requires a FixedIP in order to be used."


class FixedIpWithPort(exceptions.BadRequest):
    template = "Specified Fixed IP '{ip}' cannot be used with port '{port_id}': the two cannot be specified together."


class OnePortManyServers(exceptions.BadRequest):
    template = ("Failed to launch instances: Unable to launch multiple instances with a single configured port ID. "
                "Please launch your instance one by one with different ports.")


class OneAddressManyServers(exceptions.BadRequest):
    template = "Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified."


class NetworkRequiresSubnet(exceptions.BadRequest):
    template = "Network {network_id} requires a subnet in order to boot instances on."


class NetworkAmbiguous(exceptions.Conflict):
    template = "Multiple possible networks found, use a Network ID to be more specific."


class FixedIpNotInNetwork(exceptions.BadRequest):
    template = "Fixed IP {ip} is not a valid ip address for network {network_id}."


class FixedIpInUse(exceptions.BadRequest):
    template = "Fixed IP address {ip} is already in use on instance {server_id}."


class RequestedGroupNotFound(exceptions.BadRequest):
    template = "Unable to find security_group with name or id '{name}'"


class RequestedGroupAmbiguous(exceptions.Conflict):
    template = "Multiple security_group matches found for name '{name}', use an ID to be more specific."


class TooManyNics(exceptions.BadRequest):
    template = ("A server may have at most {limit} network interfaces ([network] max_nics_per_server), and this asks "
                "for {wanted}.")


class AddressNotAllowed(exceptions.Forbidden):
    template = ("Network {network_id} is only shared with project {project_id}: its owner alone chooses addresses on "
                "it. Leave the address to the network.")


class ExternalNetworkAttachForbidden(exceptions.Forbidden):
    template = "It is not allowed to create an interface on external network {network_id}"


class PortLimitExceeded(exceptions.Forbidden):
    template = "Maximum number of ports exceeded"


# ---- what Nova answers when a server that is there wants another interface, address or group

class AttachedNetworkNotFound(exceptions.NotFound):
    template = "Network {network_id} could not be found."


class AttachedPortNotFound(exceptions.NotFound):
    template = "Port id {port_id} could not be found."


class AttachmentAmbiguous(exceptions.BadRequest):
    template = "Multiple possible networks found, use a Network ID to be more specific."


class NoNetworkToAttach(exceptions.BadRequest):
    template = "No specific network was requested and none are available for project '{project_id}'."


class SubnetNeeded(exceptions.BadRequest):
    template = "Network requires port_security_enabled and subnet associated in order to apply security groups."


class NoMoreFixedIps(exceptions.BadRequest):
    template = "No fixed IP addresses available for network: {network_id}"


class FixedIpTaken(exceptions.Conflict):
    template = "Fixed IP {ip} is already in use."


class PortNotOfServer(exceptions.NotFound):
    """Only on record: who asks for its detachment was answered before."""

    template = "Port id {port_id} could not be found."


class NetworkNotOfServer(exceptions.NotFound):
    """Likewise."""

    template = "Network could not be found for instance {server_id}."


class FixedIpNotOfServer(exceptions.NotFound):
    """Likewise."""

    template = "Instance {server_id} does not have fixed IP '{ip}'."


class ServerWithoutPorts(exceptions.NotFound):
    template = "instance_id {server_id} could not be found as device id on any ports"


class ProjectGroupNotFound(exceptions.NotFound):
    template = "Security group {name} is not found for project {project_id}"


class GroupNotOfServer(exceptions.NotFound):
    template = "Security group {name} not associated with the instance {server_id}"


class GroupTwice(exceptions.BadRequest):
    template = "Invalid input for security_groups. Reason: Duplicate items in the list: '{group_id}'."
