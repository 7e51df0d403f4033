"""What can be wrong with a network request; the names are Neutron's, whose clients read them as the error's type."""

from nova_lite.common import exception

# ---- resources of the network API


class InvalidInput(exception.BadRequest):
    template = "Invalid input for operation: {detail}"


class NetworkNotFound(exception.NotFound):
    template = "Network {network_id} could not be found."


class SubnetNotFound(exception.NotFound):
    template = "Subnet {subnet_id} could not be found."


class PortNotFound(exception.NotFound):
    template = "Port {port_id} could not be found."


class SecurityGroupNotFound(exception.NotFound):
    template = "Security group {group_id} does not exist"


class SecurityGroupRuleNotFound(exception.NotFound):
    template = "Security group rule {rule_id} does not exist"


class ExtensionNotFound(exception.NotFound):
    template = "Extension with alias {alias} does not exist"


class NetworkInUse(exception.Conflict):
    template = ("Unable to complete operation on network {network_id}. There are one or more ports still in use on the "
                "network, id for these ports is: {ports}.")


class SubnetInUse(exception.Conflict):
    template = ("Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this "
                "subnet.")


class GatewayConflictWithAllocationPools(exception.Conflict):
    template = "Gateway ip {gateway} conflicts with allocation pool {pool}."


class InvalidAllocationPool(exception.BadRequest):
    template = "The allocation pool {pool} is not valid."


class OutOfBoundsAllocationPool(exception.BadRequest):
    template = "The allocation pool {pool} spans beyond the subnet cidr {cidr}."


class OverlappingAllocationPools(exception.Conflict):
    template = "Found overlapping allocation pools: {first} {second} for subnet {cidr}."


class IpAddressAlreadyAllocated(exception.Conflict):
    template = "IP address {ip} already allocated in subnet {subnet_id}"


class InvalidIpForNetwork(exception.BadRequest):
    template = "IP address {ip} is not a valid IP for any of the subnets on the specified network."


class InvalidIpForSubnet(exception.BadRequest):
    template = "IP address {ip} is not a valid IP for the specified subnet."


class IpAddressGenerationFailure(exception.Conflict):
    template = "No more IP addresses available on network {network_id}."


class MacAddressInUse(exception.Conflict):
    template = "Unable to complete operation for network {network_id}. The mac address {mac} is in use."


class ServicePortInUse(exception.Conflict):
    template = "Port {port_id} cannot be deleted directly via the port API: it is in use by server {server_id}."


class PortBound(exception.Conflict):
    template = "Unable to complete operation on port {port_id}, port is already bound: server {server_id} uses it."


class SecurityGroupInUse(exception.Conflict):
    template = "Security Group {group_id} in use."


class SecurityGroupDefaultAlreadyExists(exception.Conflict):
    template = "Default security group already exists."


class SecurityGroupCannotUpdateDefault(exception.Conflict):
    template = "Updating default security group not allowed."


class SecurityGroupCannotRemoveDefault(exception.Conflict):
    template = "Insufficient rights for removing default security group."


class SecurityGroupRuleExists(exception.Conflict):
    template = "Security group rule already exists. Rule id is {rule_id}."


class SecurityGroupInvalidPortRange(exception.BadRequest):
    template = "For TCP/UDP protocols, port_range_min must be <= port_range_max"


class SecurityGroupInvalidPortValue(exception.BadRequest):
    template = "Invalid value for port {port}"


class SecurityGroupProtocolRequiredWithPorts(exception.BadRequest):
    template = "Must also specify protocol if port range is given."


class SecurityGroupMissingIcmpType(exception.BadRequest):
    template = "ICMP code (port-range-max) {code} is provided but ICMP type (port-range-min) is missing."


class SecurityGroupInvalidIcmpValue(exception.BadRequest):
    template = "Invalid value for ICMP {what} ({field}) {value}. It must be 0 to 255."


class SecurityGroupRuleInvalidProtocol(exception.BadRequest):
    template = ("Security group rule protocol {protocol} not supported. Only protocol values {known} and integer "
                "representations [0 to 255] are supported.")


class SecurityGroupRuleParameterConflict(exception.BadRequest):
    template = "Conflicting value ethertype {ethertype} for CIDR {cidr}"


class SecurityGroupMultipleRemoteEntites(exception.BadRequest):
    template = "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided."


class InvalidCIDR(exception.BadRequest):
    template = "Invalid CIDR {cidr} given as IP prefix."


class OverQuota(exception.Conflict):
    template = "Quota exceeded for resources: ['{resource}']."


# ---- what Nova answers when a server asks for networks

class RequestedNetworkNotFound(exception.BadRequest):
    template = "Network {network_id} could not be found."


class RequestedPortNotFound(exception.BadRequest):
    template = "Port id {port_id} could not be found."


class RequestedPortInUse(exception.Conflict):
    template = "Port {port_id} is still in use."


class RequestedPortNotUsable(exception.BadRequest):
    template = "Port {port_id} not usable for instance."


class RequestedPortTwice(exception.BadRequest):
    template = "Port ID '{port_id}' was specified twice: you cannot attach a port multiple times."


class RequestedPortWithoutAddress(exception.BadRequest):
    template = "Port {port_id} requires a FixedIP in order to be used."


class FixedIpWithPort(exception.BadRequest):
    template = "Specified Fixed IP '{ip}' cannot be used with port '{port_id}': the two cannot be specified together."


class OnePortManyServers(exception.BadRequest):
    template = ("Failed to launch instances: Unable to launch multiple instances with a single configured port ID. "
                "Please launch your instance one by one with different ports.")


class OneAddressManyServers(exception.BadRequest):
    template = "Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified."


class NetworkRequiresSubnet(exception.BadRequest):
    template = "Network {network_id} requires a subnet in order to boot instances on."


class NetworkAmbiguous(exception.Conflict):
    template = "Multiple possible networks found, use a Network ID to be more specific."


class FixedIpNotInNetwork(exception.BadRequest):
    template = "Fixed IP {ip} is not a valid ip address for network {network_id}."


class FixedIpInUse(exception.BadRequest):
    template = "Fixed IP address {ip} is already in use on instance {server_id}."


class RequestedGroupNotFound(exception.BadRequest):
    template = "Unable to find security_group with name or id '{name}'"


class RequestedGroupAmbiguous(exception.Conflict):
    template = "Multiple security_group matches found for name '{name}', use an ID to be more specific."


class PortLimitExceeded(exception.Forbidden):
    template = "Maximum number of ports exceeded"


# ---- what Nova answers when a server that is there wants another interface, address or group

class AttachedNetworkNotFound(exception.NotFound):
    template = "Network {network_id} could not be found."


class AttachedPortNotFound(exception.NotFound):
    template = "Port id {port_id} could not be found."


class AttachmentAmbiguous(exception.BadRequest):
    template = "Multiple possible networks found, use a Network ID to be more specific."


class NoNetworkToAttach(exception.BadRequest):
    template = "No specific network was requested and none are available for project '{project_id}'."


class SubnetNeeded(exception.BadRequest):
    template = "Network requires port_security_enabled and subnet associated in order to apply security groups."


class NoMoreFixedIps(exception.BadRequest):
    template = "No fixed IP addresses available for network: {network_id}"


class FixedIpTaken(exception.Conflict):
    template = "Fixed IP {ip} is already in use."


class PortNotOfServer(exception.NotFound):
    """Only on record: who asks for its detachment was answered before."""

    template = "Port id {port_id} could not be found."


class NetworkNotOfServer(exception.NotFound):
    """Likewise."""

    template = "Network could not be found for instance {server_id}."


class FixedIpNotOfServer(exception.NotFound):
    """Likewise."""

    template = "Instance {server_id} does not have fixed IP '{ip}'."


class ServerWithoutPorts(exception.NotFound):
    template = "instance_id {server_id} could not be found as device id on any ports"


class ProjectGroupNotFound(exception.NotFound):
    template = "Security group {name} is not found for project {project_id}"


class GroupNotOfServer(exception.NotFound):
    template = "Security group {name} not associated with the instance {server_id}"


class GroupTwice(exception.BadRequest):
    template = "Invalid input for security_groups. Reason: Duplicate items in the list: '{group_id}'."
