"""What data planes can do, as data: the network API names an extension only where the plane does what it promises."""

import enum

from nova_lite.conf import CONF


class Capability(enum.StrEnum):
    MTU = "mtu"                         # networks of any MTU
    DHCP = "dhcp"                       # guests get their addresses, routes and name servers
    METADATA = "metadata"               # guests are answered at 169.254.169.254
    NAT = "nat"                         # guests reach the world outside without an address of it
    ANTI_SPOOFING = "anti_spoofing"     # guests send with no addresses but their own
    SECURITY_GROUPS = "security_groups"     # rules of security groups are in force
    PORT_SECURITY = "port_security"         # ports without it send and get what they like
    ADDRESS_PAIRS = "address_pairs"         # ports send with addresses that are allowed besides their own
    ADMIN_STATE = "admin_state"             # ports that are switched off carry nothing
    DHCP_OPTIONS = "dhcp_options"           # guests get the DHCP options of their ports
    OUTSIDE_GATEWAYS = "outside_gateways"   # gateways that have no address of their subnet
    STATELESS_GROUPS = "stateless_groups"   # security groups that let no replies through by themselves
    IPV6 = "ipv6"                       # IPv6 subnets: announced, addressed and routed
    QOS = "qos"                         # ports send and get no more than QoS policies say, and packets are marked
    MINIMUM_BANDWIDTH = "minimum_bandwidth"     # rules that promise ports a bandwidth
    PROVIDER_NETWORKS = "provider_networks"     # networks on NICs of the hosts
    PACKET_RATE = "packet_rate"         # ports send and get no more packets than QoS policies say
    MINIMUM_PACKET_RATE = "minimum_packet_rate"     # rules that promise ports a number of packets
    QOS_ROUTERS = "qos_routers"         # QoS policies of floating IPs and of routers' gateways
    TRUNKS = "trunks"                   # ports carry other ports' traffic, each in a VLAN
    ROUTERS = "routers"                 # routers between networks, and floating IPs


#: {plane: what it can do}
PLANES = {
    "linux": frozenset({Capability.MTU, Capability.DHCP, Capability.DHCP_OPTIONS, Capability.METADATA, Capability.NAT,
                        Capability.ANTI_SPOOFING, Capability.SECURITY_GROUPS, Capability.STATELESS_GROUPS,
                        Capability.PORT_SECURITY, Capability.ADDRESS_PAIRS, Capability.ADMIN_STATE,
                        Capability.OUTSIDE_GATEWAYS, Capability.QOS, Capability.PACKET_RATE, Capability.ROUTERS,
                        Capability.IPV6, Capability.PROVIDER_NETWORKS}),
    "fake": frozenset(Capability),      # no packets, so that nothing of them is missing
}
#: {kind of scope: what a plane must be capable of to apply it}; other scopes every plane applies.
NEEDED = {"group": Capability.SECURITY_GROUPS, "router": Capability.ROUTERS}


def plane_capabilities():
    """Those of the plane that is configured."""
    return PLANES[plane_name()]


def plane_name():
    """The name of the plane that is configured: guests that are only remembered have networks that are."""
    return "fake" if CONF.compute.driver == "fake" else CONF.network.plane


def needed(scope):
    """The Capability without which a scope ("router:ID") is not applied; None: every plane applies it."""
    return NEEDED.get(scope.partition(":")[0])
