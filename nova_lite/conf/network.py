"""The network service and the part of it that runs on hosts."""

from oslo_config import cfg

GROUP = "network"
OPTS = (
    cfg.StrOpt("backend", default="embedded",
               help="Who keeps networks and ports: embedded, this cloud's own database, or a name under which an "
                    "installed package has an entry point of the group nova_lite.network_backends."),
    cfg.StrOpt("plane", default="linux", choices=("linux", "fake"),
               help="What carries the packets of guests: linux, bridges and namespaces of each host. What it cannot do "
                    "the network API offers to nobody. The same on all hosts and for the API. Where [compute] driver "
                    "is fake it is fake, which carries none and does all of the network API."),
    cfg.StrOpt("default_name", default="private",
               help="Name of the network that the first project gets."),
    cfg.ListOpt("default_ranges", default=["10.10.0.0/20", "10.20.0.0/20", "172.24.16.0/20", "192.168.208.0/20",
                                           "10.110.0.0/20", "10.210.0.0/20"],
                help="Ranges for networks that this cloud makes by itself. The first that overlaps no route of "
                     "the host is taken."),
    cfg.StrOpt("external_name", default="public",
               help="Name of the external network that a new cloud has, to which the first project's network is "
                    "connected by a router."),
    cfg.ListOpt("external_ranges", default=[f"172.24.{number}.0/24" for number in range(4, 12)],
                help="Ranges for it. The first that overlaps no route of the host is taken; where there is none, or "
                     "none is given, a new cloud has no external network, and its first network leads to the world "
                     "without a router."),
    cfg.ListOpt("project_ranges", default=["0.0.0.0/0"],
                help="Ranges that subnets which projects make must lie in; administrators may make any. Networks of "
                     "the same range do not meet. Where none is of IPv6, projects may make any of that. Nobody may "
                     "take what no guest can have: loopback, link-local, multicast, [network] transit_range."),
    cfg.ListOpt("host_access_ranges", default=None, sample_default="<[network] default_ranges>",
                help="Ranges of guests that this host itself may open connections to, so that one can log in from it: "
                     "of the first project's network, and of subnets that administrators make inside these; never of "
                     "other projects' subnets, whatever their range. The host gets a route to each. Empty: none."),
    cfg.StrOpt("transit_range", default="169.254.64.0/18",
               help="Range of the links between this host and its networks' namespaces, two addresses for each "
                    "network. No guest can have or reach an address of it, and it never leaves the host. Link-local "
                    "addresses are nobody's, so the default suits every site; addresses that a route of the host "
                    "reaches are left out. A change takes effect when the compute service starts, and breaks guests' "
                    "connections through the host once."),
    cfg.ListOpt("protected_ranges", default=[],
                help="Management networks that guests must not reach, besides those that the host is connected to and "
                     "its name servers at private addresses. The host's own addresses, and those that the "
                     "configuration names for database, message bus, metadata and consoles, are never reached."),
    cfg.ListOpt("reachable_ranges", default=[],
                help="Parts of the host's connected networks, private name servers and protected_ranges that guests "
                     "may reach all the same, such as a package mirror's 10.1.0.7/32."),
    cfg.ListOpt("ipv6_routed_ranges", default=["fc00::/7"],
                help="Ranges of guests' IPv6 subnets that an external network knows the way to, behind routers. "
                     "IPv6 is not translated: who is in no such range gets no answer from outside of its router. Of "
                     "subnets that overlap each other, or a route of the host, none is known."),
    cfg.DictOpt("physical_networks", default={},
                help="NICs of this host by which networks of an administrator's (provider:network_type flat) reach "
                     "machines outside, and guests on other hosts: NAME:DEVICE,... The names are the same on all hosts "
                     "and for the API, the devices each host's own. A NIC has no address, is on no other bridge, and "
                     "is up as long as a guest or a router here uses the network."),
    cfg.IntOpt("mtu", default=1500, min=68, max=9216,
               help="MTU of networks that do not ask for another."),
    cfg.StrOpt("dns_domain", default="novalocal",
               help="Domain of guests' host names, as DHCP, DNS and the metadata service give them."),
    cfg.ListOpt("dns_servers", default=[],
                help="Name servers (ADDRESS or ADDRESS#PORT, IPv4) that guests' queries are passed on to. Empty: those "
                     "of  this machine, from /run/systemd/resolve/resolv.conf or /etc/resolv.conf."),
    cfg.IntOpt("dhcp_lease_seconds", default=86400, min=120,
               help="Seconds a guest may keep an address before it asks again."),
    cfg.BoolOpt("nat", default=True,
                help="Let guests reach the world outside through their host's address. False: networks lead nowhere."),
    cfg.BoolOpt("anti_spoofing", default=True,
                help="Drop what a guest sends with a MAC or IP address that is not its own, and its answers to other "
                     "guests' DHCP requests."),
    cfg.IntOpt("plug_timeout", default=30, min=1,
               help="Seconds after which setting up a guest's network on a host is given up."),
    cfg.IntOpt("compare_interval", default=300, min=1,
               help="Seconds between two comparisons of all that a host has of networks and ports with what it should "
                    "have. Changes are notified at once, and looked for with each sign of life of the host; this finds "
                    "what both missed."),
    cfg.IntOpt("max_nics_per_server", default=24, min=1, max=28,
               help="Network interfaces that a server may have, whoever owns the ports."),
    cfg.IntOpt("max_allowed_address_pair", default=10, min=0,
               help="Allowed address pairs that a port may have: addresses besides its own that it may send with."),
    cfg.IntOpt("quota_network", default=100, min=-1,
               help="Networks a project may have. -1: any number."),
    cfg.IntOpt("quota_subnet", default=100, min=-1,
               help="Subnets a project may have. -1: any number."),
    cfg.IntOpt("quota_subnetpool", default=-1, min=-1,
               help="Subnet pools a project may have. -1: any number."),
    cfg.IntOpt("quota_port", default=500, min=-1,
               help="Ports a project may have, its servers' included. -1: any number."),
    cfg.IntOpt("quota_security_group", default=10, min=-1,
               help="Security groups a project may have. -1: any number."),
    cfg.IntOpt("quota_security_group_rule", default=100, min=-1,
               help="Security group rules a project may have. -1: any number."),
    cfg.IntOpt("quota_rbac_policy", default=10, min=-1,
               help="RBAC policies a project may have. -1: any number."),
    cfg.IntOpt("quota_router", default=10, min=-1,
               help="Routers a project may have. -1: any number."),
    cfg.IntOpt("quota_floatingip", default=50, min=-1,
               help="Floating IPs a project may have. -1: any number."),
    cfg.IntOpt("quota_trunk", default=-1, min=-1,
               help="Trunks a project may have. -1: any number."),
    cfg.IntOpt("quota_router_route", default=30, min=-1,
               help="Routes a router may have besides those to its own subnets. -1: any number."),
)
