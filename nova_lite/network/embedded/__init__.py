"""The embedded network service: networks and ports kept in this cloud's own database."""

from nova_lite.network.embedded.desired_state import Changes, DesiredState
from nova_lite.network.embedded.first_networks import FirstNetworks
from nova_lite.network.embedded.quotas import Quotas, RouterRoutes
from nova_lite.network.embedded.resources.address_groups import AddressGroups
from nova_lite.network.embedded.resources.address_scopes import AddressScopes
from nova_lite.network.embedded.resources.agents import Agents
from nova_lite.network.embedded.resources.auto_topologies import AutoTopologies
from nova_lite.network.embedded.resources.default_security_group_rules import DefaultSecurityGroupRules
from nova_lite.network.embedded.resources.floating_ips import FloatingIps
from nova_lite.network.embedded.resources.ip_availability import IpAvailability
from nova_lite.network.embedded.resources.networks import Networks
from nova_lite.network.embedded.resources.port_bindings import PortBindings
from nova_lite.network.embedded.resources.port_forwardings import PortForwardings
from nova_lite.network.embedded.resources.ports import Ports
from nova_lite.network.embedded.resources.qos_policies import QosPolicies, QosRules
from nova_lite.network.embedded.resources.rbac_policies import RbacPolicies
from nova_lite.network.embedded.resources.router_interfaces import RouterInterfaces
from nova_lite.network.embedded.resources.routers import Routers
from nova_lite.network.embedded.resources.security_groups import SecurityGroupRules, SecurityGroups
from nova_lite.network.embedded.resources.segments import Segments
from nova_lite.network.embedded.resources.service_providers import ServiceProviders
from nova_lite.network.embedded.resources.subnet_pools import SubnetPools
from nova_lite.network.embedded.resources.subnets import Subnets
from nova_lite.network.embedded.resources.trunks import Trunks
from nova_lite.network.embedded.server_ports import verbs
from nova_lite.network.embedded.server_ports.allocation import Servers
from nova_lite.network.embedded.server_ports.attachments import Attachments
from nova_lite.network.embedded.server_ports.requests import Requests
from nova_lite.network.embedded.server_ports.security_groups import Memberships
from nova_lite.network.planes.capabilities import plane_capabilities


class Backend:
    """One attribute a resource; every backend has ``servers`` and ``requests``, the others are for the REST API."""

    def __init__(self):
        changes = Changes()
        self.desired_state = DesiredState()
        self.networks = Networks(changes)
        self.address_scopes = AddressScopes()
        self.subnet_pools = SubnetPools(self.address_scopes)
        self.subnets = Subnets(self.networks, self.subnet_pools, changes)
        self.address_groups = AddressGroups(changes)
        self.default_security_group_rules = DefaultSecurityGroupRules(self.address_groups)
        self.security_groups = SecurityGroups(self.address_groups, changes)
        self.security_group_rules = SecurityGroupRules(self.security_groups, self.address_groups, changes)
        self.ports = Ports(self.networks, self.security_groups, changes)
        self.port_bindings = PortBindings(self.ports, changes)
        self.routers = Routers(self.networks, changes)
        self.router_interfaces = RouterInterfaces(self.routers, self.ports, self.subnets, changes)
        self.auto_topologies = AutoTopologies(self.networks, self.subnets, self.routers, self.router_interfaces)
        self.ensure_first_networks = FirstNetworks(self.networks, self.routers, self.router_interfaces).ensure
        self.floating_ips = FloatingIps(self.networks, self.ports, changes)
        self.port_forwardings = PortForwardings(self.floating_ips, self.ports, changes)
        self.trunks = Trunks()
        self.segments = Segments(self.networks)
        self.qos_policies = QosPolicies()
        self.qos_rules = QosRules(self.qos_policies, changes)
        self.rbac_policies = RbacPolicies({each.resource: each for each in (
            self.networks, self.security_groups, self.address_scopes, self.subnet_pools, self.address_groups,
            self.qos_policies)})
        self.quotas = Quotas({each.resource: each for each in (
            self.networks, self.subnets, self.subnet_pools, self.ports, self.security_groups,
            self.security_group_rules, self.rbac_policies, self.routers, RouterRoutes(), self.floating_ips,
            self.trunks)})
        self.ip_availability = IpAvailability(self.networks)
        self.agents = Agents()
        self.service_providers = ServiceProviders()
        self.servers = Servers(self.networks, self.auto_topologies, changes)
        self.embedded = True
        self.capabilities = plane_capabilities()
        self.timeout = 0
        self.requests = Requests()
        self.attachments = Attachments(changes)
        self.verbs = {"allocate_ports": verbs.AllocatePorts(self.servers),
                      "activate_ports": verbs.ActivatePorts(),
                      "release_ports": verbs.ReleasePorts(self.servers),
                      "place_ports": verbs.PlacePorts(self.servers),
                      "attach_port": verbs.AttachPort(self.attachments),
                      "detach_port": verbs.DetachPort(self.attachments),
                      "add_address": verbs.AddAddress(self.attachments),
                      "remove_address": verbs.RemoveAddress(self.attachments)}
        self.memberships = Memberships(changes)
