"""The network service and the part of it that runs on hosts."""

from oslo_config import cfg

GROUP = "network"
OPTS = (
    cfg.StrOpt("backend", default="embedded", choices=["embedded"],
               help="Who keeps networks and ports: embedded, this cloud's own database."),
    cfg.StrOpt("default_name", default="private",
               help="Name of the network that the first project gets."),
    cfg.ListOpt("default_ranges", default=["10.10.0.0/20", "10.20.0.0/20", "172.24.16.0/20", "192.168.208.0/20",
                                           "10.110.0.0/20", "10.210.0.0/20"],
                help="Ranges for networks that this cloud makes by itself. The first that overlaps no route of "
                     "the host is taken."),
    cfg.ListOpt("project_ranges", default=["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.2.0/24",
                                           "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
                help="Ranges that subnets which projects make must lie in; administrators may make any. A host reaches "
                     "the addresses of its guests' networks through their bridges, so none of these may hold a machine "
                     "that hosts have to reach by their default route: a guest could take its place."),
    cfg.IntOpt("mtu", default=1500, min=68, max=9216,
               help="MTU of networks that do not ask for another."),
    cfg.StrOpt("dns_domain", default="novalocal",
               help="Domain of guests' host names, as DHCP, DNS and the metadata service tell them."),
    cfg.ListOpt("dns_servers", default=[],
                help="Name servers that guests' queries are passed on to. Empty, those in /etc/resolv.conf."),
    cfg.IntOpt("dhcp_lease_seconds", default=86400, min=120,
               help="Seconds a guest may keep an address before it asks again."),
    cfg.BoolOpt("nat", default=True,
                help="Let guests reach the world outside through their host's address."),
    cfg.BoolOpt("anti_spoofing", default=True,
                help="Drop what a guest sends with a MAC or IP address that is not its own, and its answers to other "
                     "guests' DHCP requests."),
    cfg.IntOpt("plug_timeout", default=30, min=1,
               help="Seconds after which setting up a guest's network on a host is given up."),
    cfg.IntOpt("quota_network", default=100, min=-1,
               help="Networks a project may have. -1: any number."),
    cfg.IntOpt("quota_subnet", default=100, min=-1,
               help="Subnets a project may have. -1: any number."),
    cfg.IntOpt("quota_port", default=-1, min=-1,
               help="Ports a project may have, its servers' included. -1: any number."),
    cfg.IntOpt("quota_security_group", default=10, min=-1,
               help="Security groups a project may have. -1: any number."),
    cfg.IntOpt("quota_security_group_rule", default=100, min=-1,
               help="Security group rules a project may have. -1: any number."),
)
