"""The types of rules of QoS policies, as data, and what the rules of a policy mean for a port.  Pure."""

import re
import uuid

BANDWIDTH_LIMIT, DSCP_MARKING, MINIMUM_BANDWIDTH = "bandwidth_limit", "dscp_marking", "minimum_bandwidth"
PACKET_RATE_LIMIT, MINIMUM_PACKET_RATE = "packet_rate_limit", "minimum_packet_rate"
EGRESS, INGRESS, ANY = "egress", "ingress", "any"
DIRECTIONS = (EGRESS, INGRESS)
#: Codepoints that Neutron takes.
DSCP_MARKS = (0, *range(8, 42, 2), 44, 46, 48, 56)
MOST_KBPS = 0x7FFFFFFF
_RANGE = ("range", [0, MOST_KBPS])
_DIRECTION = ("values", list(DIRECTIONS))
#: {type: {parameter: (kind of what it may be, that)}}
TYPES = {BANDWIDTH_LIMIT: {"max_kbps": _RANGE, "max_burst_kbps": _RANGE, "direction": _DIRECTION},
         DSCP_MARKING: {"dscp_mark": ("values", list(DSCP_MARKS))},
         MINIMUM_BANDWIDTH: {"min_kbps": _RANGE, "direction": _DIRECTION},
         PACKET_RATE_LIMIT: {"max_kpps": _RANGE, "max_burst_kpps": _RANGE, "direction": _DIRECTION},
         MINIMUM_PACKET_RATE: {"min_kpps": _RANGE, "direction": ("values", [*DIRECTIONS, ANY])}}
#: Those whose rules are found by their ids alone; Neutron forgot the others.
ALIASED = tuple(each for each in TYPES if each != PACKET_RATE_LIMIT)
#: What a new rule of any type is unless a client says so.
DEFAULTS = {"max_burst_kbps": 0, "max_burst_kpps": 0, "direction": EGRESS}
#: {type: what a plane must be capable of (network.planes.capabilities) to put such rules in force}
NEEDS = {BANDWIDTH_LIMIT: "qos", DSCP_MARKING: "qos", MINIMUM_BANDWIDTH: "minimum_bandwidth",
         PACKET_RATE_LIMIT: "packet_rate", MINIMUM_PACKET_RATE: "minimum_packet_rate"}
_MOST_PACKETS = 0x7FFFFFFF


def served(capabilities):
    """Types of rules that a plane of these capabilities puts in force."""
    return [each for each in TYPES if NEEDS[each] in capabilities]


def limits(rules):
    """What hosts need of a policy's rules: {"egress_kbps", "egress_burst", "ingress_kbps", "ingress_burst",
    "dscp_mark", "egress_pps", "egress_pps_burst", "ingress_pps", "ingress_pps_burst"}: numbers, as far as there are
    rules; bursts in thousands of bits, or in packets, 0 for as many as the rate needs.

    :param rules: rows, or objects with the columns of QosRule.
    """
    made = {}
    for each in rules:
        if each.type == BANDWIDTH_LIMIT and each.max_kbps:
            made |= {f"{each.direction}_kbps": each.max_kbps, f"{each.direction}_burst": each.max_burst_kbps or 0}
        elif each.type == DSCP_MARKING:
            made["dscp_mark"] = each.dscp_mark
        elif each.type == PACKET_RATE_LIMIT and each.max_kpps:
            made |= {f"{each.direction}_pps": _packets(each.max_kpps),
                     f"{each.direction}_pps_burst": _packets(each.max_burst_kpps or 0)}
    return made


#: {(type, direction): Placement's class of resources}
_RESOURCES = {
    (MINIMUM_BANDWIDTH, EGRESS): "NET_BW_EGR_KILOBIT_PER_SEC",
    (MINIMUM_BANDWIDTH, INGRESS): "NET_BW_IGR_KILOBIT_PER_SEC",
    (MINIMUM_PACKET_RATE, EGRESS): "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC",
    (MINIMUM_PACKET_RATE, INGRESS): "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    (MINIMUM_PACKET_RATE, ANY): "NET_PACKET_RATE_KILOPACKET_PER_SEC"}
#: Placement's traits of a network that is on no NIC of hosts, of a physical network, and of a port's kind.
_NO_NIC, _PHYSICAL, _VNIC = "CUSTOM_NETWORK_TUNNEL_PROVIDER", "CUSTOM_PHYSNET_{}", "CUSTOM_VNIC_TYPE_{}"


def resource_request(port_id, vnic_type, physical_network, rules):
    """What a port asks of Placement, in Neutron's form: {"request_groups", "same_subtree"}; None: nothing.

    :param physical_network: that the port's network is on; None: on none.
    :param rules: of its policy, as for ``limits``.
    """
    network, groups = _PHYSICAL.format(_trait(physical_network)) if physical_network else _NO_NIC, []
    vnic = _VNIC.format(_trait(vnic_type))
    for kind, amount, traits in ((MINIMUM_BANDWIDTH, "min_kbps", [network, vnic]),
                                 (MINIMUM_PACKET_RATE, "min_kpps", [vnic])):
        found = [each for each in rules if each.type == kind]
        if found:
            groups.append({"id": str(uuid.uuid5(uuid.UUID(port_id), ":".join(each.id for each in found))),
                           "required": traits, "resources": {
                               _RESOURCES[kind, each.direction]: getattr(each, amount) for each in found}})
    return {"request_groups": groups, "same_subtree": [each["id"] for each in groups]} if groups else None


def _trait(name):
    return re.sub("[^A-Z0-9]+", "_", name.upper())


def _packets(thousands):
    return min(thousands * 1000, _MOST_PACKETS)
