"""The extensions of the network API that are served, as data.

Clients look here before they use a feature, so only what has its effect is named.
"""

import typing


class Extension(typing.NamedTuple):
    """:ivar name: Neutron's.  :ivar updated: the time that Neutron has for it.  :ivar description: what it adds."""

    name: str
    updated: str
    description: str


#: {alias: Extension}
EXTENSIONS = {
    "security-group": Extension("security-group", "2012-10-05T10:00:00-00:00", "Security groups and their rules."),
    "security-groups-normalized-cidr": Extension(
        "Normalized CIDR field for security group rules",
        "2020-07-28T10:00:00-00:00", "The range that a rule's prefix means."),
    "external-net": Extension("Neutron external network", "2013-01-14T10:00:00-00:00",
                              "Networks that routers have gateways to."),
    "router": Extension("Neutron L3 Router", "2012-07-20T10:00:00-00:00", "Routers."),
    "ext-gw-mode": Extension("Neutron L3 Configurable external gateway mode", "2013-03-28T10:00:00-00:00",
                             "Gateways with or without source NAT."),
    "extraroute": Extension("Neutron Extra Route", "2013-02-01T10:00:00-00:00", "Routes of routers."),
    "extraroute-atomic": Extension("Atomically add/remove extra routes", "2019-07-10T00:00:00+00:00",
                                   "Routes of routers, added and removed."),
    "subnet-external-network": Extension("Subnet belongs to an external network", "2024-02-05T18:00:00-00:00",
                                         "Whether a subnet's network is external."),
    "fip-port-details": Extension("Floating IP Port Details Extension", "2018-04-09T10:00:00-00:00",
                                  "What floating IPs stand for."),
    "floating-ip-port-forwarding": Extension("Floating IP Port Forwarding", "2018-01-19T10:00:00-00:00",
                                             "Ports of floating IPs that lead to guests."),
    "floating-ip-port-forwarding-description": Extension(
        "Floating IP Port Forwarding new attribute description",
        "2019-11-01T10:00:00-00:00", "Descriptions of these."),
    "floating-ip-port-forwarding-port-ranges": Extension(
        "Floating IP Port Forwarding support port ranges",
        "2020-07-01T10:00:00-00:00", "Ranges of such ports."),
    "expose-port-forwarding-in-fip": Extension("Expose Floating IP port forwardings", "2018-06-28T16:00:00-00:00",
                                               "Where ports of a floating IP lead, shown with it."),
    "floatingip-autodelete-internal": Extension(
        "Autodelete floating IPs of internal networks",
        "2019-01-24T00:00:00-00:00", "Unused floating IPs go where their network is external no more."),
    "floating-ip-port-forwarding-detail": Extension(
        "Floating IP port forwarding detail",
        "2022-05-06T10:00:00-00:00", "Ids of port forwardings and of their ports, shown with floating IPs."),
    "auto-allocated-topology": Extension("Auto Allocated Topology Services", "2016-01-01T00:00:00-00:00",
                                         "A network and a router for projects that want any."),
    "floatingip-pools": Extension("Floating IP Pools Extension", "2018-03-21T10:00:00-00:00",
                                  "Where floating IPs come from."),
    "segment": Extension("Segment", "2016-02-24T17:00:00-00:00", "What networks consist of."),
    "standard-attr-segment": Extension("Standard Attribute Segment Extension", "2018-04-09T10:00:00-00:00",
                                       "Times, revisions and tags of segments."),
    "trunk": Extension("Trunk Extension", "2016-01-01T10:00:00-00:00",
                       "Ports that carry other ports' traffic in VLANs."),
    "trunk-details": Extension("Trunk port details", "2016-01-01T10:00:00-00:00", "The sub-ports of such ports."),
    "quotas": Extension("Quota management support", "2012-07-29T10:00:00-00:00", "Quotas of projects."),
    "quota_details": Extension("Quota details management support", "2017-02-10T10:00:00-00:00",
                               "What projects use of their quotas."),
    "quota-check-limit": Extension("Quota engine limit check", "2021-09-08T16:00:00-00:00",
                                   "A quota may be set lower than what is used, where a request insists."),
    "quota-check-limit-default": Extension(
        "Quota engine limit check by default",
        "2024-08-21T16:00:00-00:00", "No quota is set lower than what is used, unless a request insists."),
    "net-mtu": Extension("Network MTU", "2015-03-25T10:00:00-00:00", "The MTU of networks."),
    "net-mtu-writable": Extension("Network MTU (writable)", "2017-07-12T00:00:00-00:00", "Networks of any MTU."),
    "binding": Extension("Port Binding", "2014-02-03T10:00:00-00:00", "The host of a port, for operators."),
    "binding-extended": Extension("Port Bindings Extended", "2017-07-17T10:00:00-00:00",
                                  "Several hosts of a port, one of which is the active one."),
    "port-security": Extension("Port Security", "2012-07-23T10:00:00-00:00",
                               "Ports whose packets nothing filters."),
    "dns-integration": Extension("DNS Integration", "2015-08-15T18:00:00-00:00", "DNS names of ports."),
    "dns-domain-ports": Extension("dns_domain for ports", "2017-04-24T10:00:00-00:00", "DNS domains of ports."),
    "agent": Extension("agent", "2013-02-03T10:00:00-00:00", "The hosts that have networks."),
    "availability_zone": Extension("Availability Zone", "2015-01-01T10:00:00-00:00", "The zones of these hosts."),
    "network_availability_zone": Extension("Network Availability Zone", "2015-01-01T10:00:00-00:00",
                                           "The zones of networks, and those that their owners wish for."),
    "router_availability_zone": Extension("Router Availability Zone", "2015-01-01T10:00:00-00:00",
                                          "The zones of routers, and those that their owners wish for."),
    "availability_zone_filter": Extension("Availability Zone Filter Extension", "2018-06-22T10:00:00-00:00",
                                          "Zones by name, resource and state."),
    "service-type": Extension("Neutron Service Type Management", "2013-01-20T00:00:00-00:00", "What makes routers."),
    "stateful-security-group": Extension("Stateful security group", "2019-11-26T09:00:00-00:00",
                                         "Security groups that let no replies through by themselves."),
    "subnet-service-types": Extension("Subnet service types", "2016-03-15T18:00:00-00:00",
                                      "Subnets for the ports of some kinds of devices."),
    "allowed-address-pairs": Extension("Allowed Address Pairs", "2013-07-23T10:00:00-00:00",
                                       "Addresses besides its own that a port may send with."),
    "extra_dhcp_opt": Extension("Neutron Extra DHCP options", "2013-03-17T12:00:00-00:00",
                                "DHCP options for the guest of one port."),
    "port-mac-address-regenerate": Extension("Neutron Port MAC address regenerate", "2018-05-03T10:00:00-00:00",
                                             "A new random MAC for a port."),
    "project-id": Extension("project_id field enabled", "2016-09-09T09:09:09-09:09", "project_id beside tenant_id."),
    "standard-attr-description": Extension("standard-attr-description", "2016-02-10T10:00:00-00:00", "Descriptions."),
    "standard-attr-timestamp": Extension("Resource timestamps", "2016-09-12T10:00:00-00:00",
                                         "Times of creation and change."),
    "standard-attr-revisions": Extension("Resource revision numbers", "2016-04-11T10:00:00-00:00",
                                         "Numbers of revisions."),
    "revision-if-match": Extension("If-Match constraints based on revision_number", "2016-12-11T00:00:00-00:00",
                                   "Changes of what is still as a client knows it."),
    "standard-attr-tag": Extension(
        "Tag support for resources with standard attribute: floatingip, network, policy, port, router, security_group, "
        "segments, subnet, subnetpool, trunk",
        "2017-01-01T00:00:00-00:00", "Tags of networks, subnets, ports, routers, floating IPs, security groups, QoS "
                                     "policies, segments and trunks."),
    "tag-creation": Extension("Tag creation extension", "2024-23-07T10:00:00-00:00", "Several tags in one request."),
    "tag-ports-during-bulk-creation": Extension("Tag Ports During Bulk Creation", "2019-12-29T19:00:00-00:00",
                                                "Tags of new ports."),
    "sorting": Extension("Sorting support", "2016-06-12T00:00:00-00:00", "Lists in an asked order."),
    "pagination": Extension("Pagination support", "2016-06-12T00:00:00-00:00", "Lists by pages."),
    "filter-validation": Extension("Filter parameters validation", "2018-07-04T10:00:00-00:00",
                                   "Unknown filters are refused."),
    "empty-string-filtering": Extension("Empty String Filtering Extension", "2018-05-01T10:00:00-00:00",
                                        "Lists of what has an empty attribute."),
    "ip-substring-filtering": Extension("IP address substring filtering", "2017-11-28T09:00:00-00:00",
                                        "Ports by parts of their addresses."),
    "subnet_allocation": Extension("Subnet Allocation", "2015-03-30T10:00:00-00:00",
                                   "Ranges of subnets from subnet pools."),
    "subnetpool-prefix-ops": Extension("Subnet Pool Prefix Operations", "2019-02-08T10:00:00-00:00",
                                       "More and fewer prefixes of subnet pools."),
    "default-subnetpools": Extension("Default Subnetpools", "2016-02-18T18:00:00-00:00",
                                     "Subnet pools for subnets that name none."),
    "address-scope": Extension("Address scope", "2015-07-26T10:00:00-00:00", "Subnet pools without common addresses."),
    "rbac-subnetpool": Extension("Add subnetpool type to RBAC", "2020-02-05T00:00:00-00:00",
                                 "Subnet pools that other projects may use."),
    "rbac-address-scope": Extension("Add address_scope type to RBAC", "2020-02-12T00:00:00-00:00",
                                    "Address scopes that other projects may use."),
    "rbac-policies": Extension("RBAC Policies", "2015-06-17T12:15:12-00:00", "Resources that other projects may use."),
    "rbac-security-groups": Extension("Add security_group type to network RBAC", "2019-02-14T00:00:00-00:00",
                                      "Security groups that other projects may use."),
    "security-groups-shared-filtering": Extension(
        "Security group filtering on the shared field",
        "2021-10-05T09:00:00-00:00", "Security groups by whether they are shared."),
    "address-group": Extension("Address group", "2020-07-15T10:00:00-00:00",
                               "Groups of addresses for rules of security groups."),
    "security-groups-remote-address-group": Extension(
        "Remote address group id field for security group rules",
        "2020-08-25T10:00:00-00:00", "Rules of security groups that name an address group."),
    "rbac-address-group": Extension("Add address_group type to RBAC", "2021-01-20T00:00:00-00:00",
                                    "Address groups that other projects may use."),
    "security-groups-default-rules": Extension("Default rules for security groups", "2022-12-19T10:00:00-00:00",
                                               "The rules that new security groups have."),
    "security-groups-rules-belongs-to-default-sg": Extension(
        "Security group rule belongs to the project's default security group",
        "2023-05-23T10:00:00-00:00", "Whether a rule is of a project's default security group."),
    "network-ip-availability": Extension("Network IP Availability", "2015-09-24T00:00:00-00:00",
                                         "How many addresses networks and subnets have left."),
    "network-ip-availability-details": Extension(
        "Network IP Availability Details Extension", "2025-10-31T00:00:00-00:00",
        "These counts of whole subnets, and of their pools alone."),
    "qos": Extension("Quality of Service", "2015-06-08T10:00:00-00:00",
                     "Policies of networks and ports that limit and mark what these send and get."),
    "qos-bw-limit-direction": Extension("Direction for QoS bandwidth limit rule", "2017-04-10T10:00:00-00:00",
                                        "Limits of what ports get."),
    "qos-bw-minimum-ingress": Extension("Ingress direction for QoS minimum bandwidth rule",
                                        "2018-07-09T10:00:00-00:00", "A bandwidth that ports get at least."),
    "port-resource-request": Extension("Port Resource Request", "2018-05-08T10:00:00-00:00",
                                       "What ports are promised, as requests for Placement."),
    "port-resource-request-groups": Extension("Port Resource Request Groups", "2021-08-02T10:00:00-00:00",
                                              "Several groups of such requests."),
    "qos-default": Extension("QoS default policy", "2017-041-06T10:00:00-00:00",
                             "The policy of a project's new networks."),
    "qos-port-network-policy": Extension("QoS port network policy ID", "2019-11-01T10:00:00-00:00",
                                         "The policy of a port's network, shown with the port."),
    "qos-rule-type-details": Extension("Details of QoS rule types", "2017-06-22T10:00:00-00:00",
                                       "What puts rules in force."),
    "qos-rule-type-filter": Extension("Allow to filter the list of QoS rule types", "2022-02-02T10:00:00-00:00",
                                      "Types of rules that hosts put in force, or all."),
    "qos-rules-alias": Extension("Quality of Service rules alias API", "2018-10-07T10:00:00-00:00",
                                 "Rules by their ids alone."),
    "provider": Extension("Provider Network", "2012-09-07T10:00:00-00:00",
                          "Networks on physical ones, by NICs of the hosts."),
    "qos-fip": Extension("Floating IP QoS", "2017-07-20T00:00:00-00:00", "Policies of floating IPs."),
    "qos-fip-network-policy": Extension("QoS floating IP network policy ID", "2021-11-15T10:00:00-00:00",
                                        "The policy of a floating IP's network, shown with the floating IP."),
    "qos-gateway-ip": Extension("Router gateway IP QoS", "2018-02-24T00:00:00-00:00", "Policies of routers' gateways."),
    "qos-pps": Extension("QoS Rule Type Packet per Second Extension", "2021-05-12T10:00:00-00:00",
                         "Limits of numbers of packets."),
    "qos-pps-minimum": Extension("QoS minimum packet rate rule", "2021-07-14T10:00:00-00:00",
                                 "Numbers of packets that ports send and get at least."),
    "qos-pps-minimum-rule-alias": Extension("QoS minimum packet rate rule alias", "2021-10-22T10:00:00-00:00",
                                            "Rules about these by their ids alone."),
    "port-security-groups-filtering": Extension("Port filtering on security groups", "2018-01-09T09:00:00-00:00",
                                                "Ports by their security groups."),
}
#: The capability of data planes (network.planes.capabilities) for routers and all that belongs to them.
ROUTERS = "routers"
#: And those for QoS policies.
QOS, MINIMUM_BANDWIDTH = "qos", "minimum_bandwidth"
#: For QoS policies of floating IPs and routers, and {type of their rules about packets: capability}.
QOS_ROUTERS = "qos_routers"
PACKET_RATES = {"packet_rate_limit": "packet_rate", "minimum_packet_rate": "minimum_packet_rate"}
#: And that for trunks.
TRUNKS = "trunks"
#: alias -> what the data plane must be capable of (planes.capabilities); the others are the API's own.
NEEDS = {**dict.fromkeys(("trunk", "trunk-details"), TRUNKS), "qos-pps": "packet_rate",
         **dict.fromkeys(("qos-pps-minimum", "qos-pps-minimum-rule-alias"), "minimum_packet_rate"),
         **dict.fromkeys(("qos-fip", "qos-fip-network-policy", "qos-gateway-ip"), QOS_ROUTERS),
         **dict.fromkeys(("net-mtu", "net-mtu-writable"), "mtu"), "port-security": "port_security",
         "allowed-address-pairs": "address_pairs", "extra_dhcp_opt": "dhcp_options",
         "stateful-security-group": "stateless_groups", **dict.fromkeys(
             ("qos-bw-minimum-ingress", "port-resource-request", "port-resource-request-groups"), MINIMUM_BANDWIDTH),
         **dict.fromkeys(("qos", "qos-bw-limit-direction", "qos-default", "qos-port-network-policy",
                          "qos-rule-type-details", "qos-rule-type-filter", "qos-rules-alias"), QOS), **dict.fromkeys((
    "external-net", "router", "ext-gw-mode", "extraroute", "extraroute-atomic", "subnet-external-network",
    "fip-port-details", "floating-ip-port-forwarding", "floating-ip-port-forwarding-description",
    "floating-ip-port-forwarding-port-ranges", "floating-ip-port-forwarding-detail", "expose-port-forwarding-in-fip",
    "floatingip-autodelete-internal", "floatingip-pools", "auto-allocated-topology", "router_availability_zone"),
    ROUTERS)}
