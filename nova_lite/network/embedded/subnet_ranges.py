"""What the range of a subnet, its gateway, its pools and its modes must be to each other: checked as Neutron does."""

import ipaddress

from nova_lite.common import ip_text, ipv6
from nova_lite.conf import CONF
from nova_lite.network.embedded import addressing
from nova_lite.network.embedded.served import check_capable
from nova_lite.network.exceptions import (
    GatewayConflictWithAllocationPools,
    InvalidAllocationPool,
    InvalidInput,
    NetworkMTUSubnetConflict,
    OutOfBoundsAllocationPool,
    OverlappingAllocationPools,
)
from nova_lite.network.planes.capabilities import Capability

#: This network, loopback, link-local (where metadata lives), multicast and the rest; of IPv6 those and mapped IPv4.
_NEVER = tuple(ipaddress.ip_network(each) for each in (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/8", "fe80::/10", "ff00::/8"))
_LONGEST_WITH_DHCP = 126
RA_MODE, ADDRESS_MODE = "ipv6_ra_mode", "ipv6_address_mode"
_LINK = ipaddress.ip_network("fe80::/10")


def of(text, version, *, dhcp):
    """The ip_network that a new subnet of an IP version is to have.  :raises InvalidInput: no subnet may."""
    cidr = read(text, version)
    if version == 4 and not 8 <= cidr.prefixlen <= 30:
        raise InvalidInput(detail=f"The range {cidr} must be between /8 and /30.")
    if version == 6:
        check_capable(Capability.IPV6, "have no IPv6 addresses")
        _check_6(cidr, dhcp)
    for each in (*_NEVER, ipv6.LINKS, ipaddress.ip_network(CONF.network.transit_range)):
        if cidr.overlaps(each):
            raise InvalidInput(detail=f"{cidr} holds addresses of {each}, which no guest may have.")
    return cidr


def read(text, version):
    """An ip_network of an IP version, without host bits.  :raises InvalidInput: it is none."""
    try:
        cidr = ip_text.network(text)
    except ValueError:
        raise InvalidInput(detail=f"{text} is not in a CIDR format.") from None
    if cidr.version != version:
        raise InvalidInput(detail=f"cidr '{text}' does not match the ip_version '{version}'.")
    return cidr


def _check_6(cidr, dhcp):
    if cidr.network_address == ipaddress.IPv6Address("::"):
        raise InvalidInput(detail="IPv6 subnet '::' is not supported.")
    if dhcp:
        check_dhcp(cidr)
        for what, is_so in (("Multicast", cidr.is_multicast), ("Loopback", cidr.is_loopback)):
            if is_so:
                raise InvalidInput(detail=f"{what} IP subnet is not supported if enable_dhcp is True.")


def check_dhcp(cidr):
    """:raises InvalidInput: the range (an ip_network) has no addresses that DHCP could give."""
    if cidr.version == 6 and cidr.prefixlen > _LONGEST_WITH_DHCP:
        raise InvalidInput(detail="Subnet has a prefix length that is incompatible with DHCP service enabled.")


def check_modes(cidr, values, *, dhcp):
    """:param values: what is said of a new subnet.

    :raises InvalidInput: ``ipv6_ra_mode`` and ``ipv6_address_mode`` do not go with each other, or with its range.
    """
    said = {name: values[name] for name in (RA_MODE, ADDRESS_MODE) if values.get(name) is not None}
    if not said:
        return
    if cidr.version == 4:
        raise InvalidInput(detail=f"{next(iter(said))} is not valid when ip_version is 4.")
    if not dhcp:
        raise InvalidInput(detail="ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False.")
    if len(set(said.values())) > 1:
        raise InvalidInput(detail=(
            f"ipv6_ra_mode set to '{said[RA_MODE]}' with ipv6_address_mode set to '{said[ADDRESS_MODE]}' is not valid. "
            f"If both attributes are set, they must be the same value."))
    if ipv6.is_automatic(said) and cidr.prefixlen != ipv6.PREFIX:
        raise InvalidInput(detail=f"Invalid CIDR {cidr} for IPv6 address mode. OpenStack uses the EUI-64 address "
                                  f"format, which requires the prefix to be /64.")


def check_change(subnet, values):
    """:param subnet: a dict.  :param values: what a client says of it now.

    :raises InvalidInput: its modes or its range do not go with that.
    """
    if values.get("enable_dhcp") is False and (subnet[RA_MODE] or subnet[ADDRESS_MODE]):
        raise InvalidInput(detail="Cannot disable enable_dhcp with ipv6 attributes set.")
    cidr = ipaddress.ip_network(subnet["cidr"])
    if values.get("enable_dhcp") and not subnet["enable_dhcp"]:
        check_dhcp(cidr)
    check_versions(cidr.version, values)


def check_versions(version, values):
    """:raises InvalidInput: the gateway, a name server or a route of a subnet is of another IP version."""
    said = [("gateway_ip", values.get("gateway_ip"))]
    said += [("dns_nameserver", each) for each in values.get("dns_nameservers") or ()]
    said += [(name, each[name]) for each in values.get("host_routes") or () for name in ("nexthop", "destination")]
    for name, text in said:
        if text is not None and ipaddress.ip_interface(text).version != version:
            raise InvalidInput(detail=f"{name} '{text}' does not match the ip_version '{version}'.")


def check_mtu(network_id, mtu):
    """:raises NetworkMTUSubnetConflict: it is too small for IPv6."""
    if mtu < ipv6.LEAST_MTU:
        raise NetworkMTUSubnetConflict(network_id=network_id, mtu=ipv6.LEAST_MTU)


def host_access(cidr):
    """Whether hosts may open connections to a range that an operator gives a subnet."""
    ranges = CONF.network.host_access_ranges
    return _is_within(cidr, _of_version(CONF.network.default_ranges if ranges is None else ranges, cidr.version))


def check_projects(cidr):
    """An operator may keep projects to some ranges; none of theirs is in the way of another's, or of the hosts."""
    ranges = _of_version(CONF.network.project_ranges, cidr.version)
    if not _is_within(cidr, ranges) and (ranges or cidr.version == 4):
        raise InvalidInput(detail=f"Subnets of projects must be within {', '.join(map(str, ranges))}; {cidr} is not.")


def _of_version(ranges, version):
    return [each for each in map(ipaddress.ip_network, ranges) if each.version == version]


def _is_within(cidr, ranges):
    return any(cidr.subnet_of(each) for each in ranges)


def pools(cidr, said):
    """Pools in order.  :raises InvalidAllocationPool, OutOfBoundsAllocationPool, OverlappingAllocationPools: else."""
    made = []
    for each in said:
        start, end = ipaddress.ip_address(each["start"]), ipaddress.ip_address(each["end"])
        pool = {"start": str(start), "end": str(end)}
        if (start.version, end.version) != (cidr.version,) * 2 or end < start:
            raise InvalidAllocationPool(pool=_words(pool))
        if not all(addressing.holds({"cidr": str(cidr)}, ip) for ip in (start, end)):
            raise OutOfBoundsAllocationPool(pool=_words(pool), cidr=cidr)
        made.append(pool)
    made.sort(key=_first)
    for before, each in zip(made, made[1:], strict=False):
        if _first(each) <= addressing.bounds([before])[0][1]:
            raise OverlappingAllocationPools(first=_words(before), second=_words(each), cidr=cidr)
    return made


def _first(pool):
    return addressing.bounds([pool])[0][0]


def _words(pool):
    return f"{pool['start']}-{pool['end']}"


def check_gateway(cidr, gateway, among):
    """:param gateway: an address of the range's version; None: there is none.  :param among: pools.

    :raises InvalidInput: no router can have it there.  :raises GatewayConflictWithAllocationPools: a pool has it.
    """
    if gateway is None:
        return
    address = ipaddress.ip_address(gateway)
    if address in _LINK:
        return
    if address not in cidr:
        for each in (*_NEVER, ipv6.LINKS, ipaddress.ip_network(CONF.network.transit_range)):
            if address in each:
                raise InvalidInput(detail=f"Gateway is not valid on subnet: {gateway} is an address of {each}, which "
                                          f"no gateway may have.")
        check_capable(Capability.OUTSIDE_GATEWAYS, f"have no gateways outside of their subnets, as {gateway} is of "
                                                   f"{cidr}")
    elif not addressing.holds({"cidr": str(cidr)}, gateway, ""):
        raise InvalidInput(detail=f"Gateway is not valid on subnet: {gateway} is not a host of {cidr}.")
    for each in among if cidr.num_addresses > 1 else ():
        start, end = addressing.bounds([each])[0]
        if start <= int(address) <= end:
            raise GatewayConflictWithAllocationPools(gateway=gateway, pool=_words(each))
