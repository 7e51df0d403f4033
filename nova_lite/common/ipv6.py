"""What of IPv6 the standard library lacks: modes of subnets, and the addresses that MACs make."""

import ipaddress

SLAAC, STATEFUL, STATELESS = "slaac", "dhcpv6-stateful", "dhcpv6-stateless"
#: How guests of a subnet get addresses (ipv6_address_mode), and what routers announce (ipv6_ra_mode).
MODES = (SLAAC, STATEFUL, STATELESS)
#: The least MTU of a link (RFC 8200, 5).
LEAST_MTU = 1280
#: The length of the prefixes that hosts make addresses with (RFC 4291, 2.5.1).
PREFIX = 64
#: The links between hosts and their networks' namespaces; no guest has an address of it, and it never leaves a host.
LINKS = ipaddress.ip_network("fd6e:6c69:7465::/48")
_LINK_LOCAL = ipaddress.ip_network("fe80::/64")


def is_automatic(subnet):
    """Whether guests make their addresses themselves, of the subnet's prefix and their MACs.

    :param subnet: a dict with ``ipv6_address_mode`` and ``ipv6_ra_mode``, which may be missing.
    """
    return any(subnet.get(name) in (SLAAC, STATELESS) for name in ("ipv6_address_mode", "ipv6_ra_mode"))


def made_of(cidr, mac):
    """The IPv6Address of a prefix (an IPv6Network, or text) that a MAC makes (RFC 4291, appendix A)."""
    parts = bytes.fromhex(mac.replace(":", ""))
    return ipaddress.ip_network(cidr)[int.from_bytes(
        bytes([parts[0] ^ 2]) + parts[1:3] + b"\xff\xfe" + parts[3:])]


def link_local(mac):
    """The IPv6Address of a link that a MAC makes."""
    return made_of(_LINK_LOCAL, mac)
