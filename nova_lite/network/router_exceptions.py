"""Why a request about routers is refused; the names are Neutron's."""

from nova_lite.common import exceptions
from nova_lite.network.exceptions import InvalidInput


class RouterNotFound(exceptions.NotFound):
    template = "Router {router_id} could not be found"


class RouterInUse(exceptions.Conflict):
    template = "Router {router_id} {reason}"


class RouterInterfaceNotFound(exceptions.NotFound):
    template = "Router {router_id} does not have an interface with id {port_id}"


class RouterInterfaceNotFoundForSubnet(exceptions.NotFound):
    template = "Router {router_id} has no interface on subnet {subnet_id}"


class RouterInterfaceInUseByFloatingIP(exceptions.Conflict):
    template = ("Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by "
                "one or more floating IPs.")


class RouterInterfaceInUseByRoute(exceptions.Conflict):
    template = ("Router interface for subnet {subnet_id} on router {router_id} cannot be deleted, as it is required by "
                "one or more routes.")


class RouterExternalGatewayInUseByFloatingIp(exceptions.Conflict):
    template = ("Gateway cannot be updated for router {router_id}, since a gateway to external network {network_id} is "
                "required by one or more floating IPs.")


class SubnetMismatchForPort(exceptions.BadRequest):
    template = "Subnet on port {port_id} does not match the requested subnet {subnet_id}."


class InvalidRoutes(InvalidInput):
    template = "Invalid format for routes: {routes}, {reason}"


class PortInUse(exceptions.Conflict):
    template = ("Unable to complete operation on port {port_id} for network {network_id}. Port already has an attached "
                "device {device_id}.")


class DeviceIDNotOwnedByTenant(exceptions.Conflict):
    template = "The following device_id {device_id} is not owned by your project or matches another project router."


class GatewayIpInUse(exceptions.Conflict):
    template = "Current gateway ip {ip} already in use by port {port_id}. Unable to update."


class FloatingIPNotFound(exceptions.NotFound):
    template = "Floating IP {floatingip_id} could not be found"


class ExternalGatewayForFloatingIPNotFound(exceptions.NotFound):
    template = ("External network {network_id} is not reachable from subnet {subnet_id}.  Therefore, cannot associate "
                "Port {port_id} with a Floating IP.")


class FloatingIPPortAlreadyAssociated(exceptions.Conflict):
    template = ("Cannot associate floating IP {floating_ip_address} ({fip_id}) with port {port_id} using fixed IP "
                "{fixed_ip}, as that fixed IP already has a floating IP on external network {net_id}.")


class FipAssociated(exceptions.Conflict):
    template = ("Unable to complete the operation on port {port_id} because the port still has an associated floating "
                "IP.")


class AutoAllocationFailure(exceptions.Conflict):
    template = "Deployment error: {reason}."


class DefaultExternalNetworkExists(exceptions.Conflict):
    template = "A default external network already exists: {net_id}."


class PortForwardingNotFound(exceptions.NotFound):
    template = "Port Forwarding {id} could not be found."


class FipInUseByPortForwarding(exceptions.Conflict):
    template = "Floating IP {id} in use by Port Forwarding resources."


class PortHasBindingFloatingIP(exceptions.Conflict):
    template = ("Cannot create port forwarding to floating IP {floating_ip_address} ({fip_id}) with port {port_id} "
                "using fixed IP {fixed_ip}, as that port already has a binding floating IP.")
