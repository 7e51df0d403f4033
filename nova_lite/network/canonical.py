"""Canonical forms of values, in which they are stored, compared and searched for.

Every function returns the canonical form and raises an exception of ``network.exceptions`` for an invalid value.
"""

import re

from nova_lite.common import exceptions as common
from nova_lite.common import integers, ip_protocols, ip_text
from nova_lite.network import exceptions, pool_exceptions

ETHERTYPES = ("IPv4", "IPv6")
PROTOCOLS = ip_protocols.NUMBERS
_ANY = frozenset(("any", "0"))
_LARGEST = 65535
#: How device_owner begins, as far as it means something.
_DEVICE_OWNERS = ("network:", "neutron:", "compute:")
#: Of one subnet.
MOST_ROUTES = 20

_PAIR, _FOUR = "[0-9a-f]{1,2}", "[0-9a-f]{1,4}"
#: Notations of a MAC address: in pairs, fours or halves of digits, or without separators.
_MACS = tuple(re.compile(each) for each in (
    rf"{_PAIR}(:{_PAIR}){{5}}", rf"{_PAIR}(-{_PAIR}){{5}}", rf"{_FOUR}(\.{_FOUR}){{2}}", rf"{_FOUR}(:{_FOUR}){{2}}",
    "[0-9a-f]{6}-[0-9a-f]{6}", "[0-9a-f]{12}"))


def mac(text):
    """"fa:16:3e:00:00:01" of any notation; neither all zeros nor a group's."""
    low = str(text).lower()
    if not any(each.fullmatch(low) for each in _MACS):
        raise exceptions.InvalidInput(detail=f"'{text}' is not a valid MAC address.")
    parts = re.split("[:.-]", low)
    digits = "".join(part.zfill(12 // len(parts)) for part in parts)
    if not int(digits, 16) or int(digits[1], 16) & 1:
        raise exceptions.InvalidInput(detail=f"'{text}' is not a MAC address that a port may have.")
    return ":".join(digits[start:start + 2] for start in range(0, 12, 2))


def mac_or_text(text):
    """As ``mac``, for filters: text that is no MAC address is returned as it is, and matches nothing."""
    try:
        return mac(text)
    except exceptions.InvalidInput:
        return text


def ethertype(text):
    """"IPv4" or "IPv6", said in any case."""
    for each in ETHERTYPES:
        if isinstance(text, str) and text.lower() == each.lower():
            return each
    raise exceptions.SecurityGroupRuleInvalidEtherType(ethertype=text, known=list(ETHERTYPES))


def protocol(value):
    """The name in small letters, or the number as text; None for any."""
    if value is None or str(value).lower() in _ANY:
        return None
    text = str(value).lower()
    if text in PROTOCOLS:
        return text
    if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) <= 255:
        return str(int(text)) if int(text) else None
    known = "(None, 'any', " + ", ".join(f"'{each}'" for each in PROTOCOLS) + ")"
    raise exceptions.SecurityGroupRuleInvalidProtocol(protocol=value, known=known)


def protocol_or_any(text):
    """As ``protocol``, for filters: '' means any."""
    return protocol(text) or ""


def port(value):
    """A port, or a type or code of ICMP, as a number from 0 to 65535; None stays None."""
    if value is None:
        return None
    try:
        number = integers.within(value)
    except ValueError:
        number = -1
    if not 0 <= number <= _LARGEST or isinstance(value, bool):
        raise exceptions.SecurityGroupInvalidPortValue(port=value)
    return number


def prefix(text):
    """An address with its mask, and IPv6 as short as it can be: "5.6.7.8/32"; None for none."""
    if not text:
        return None
    try:
        return str(ip_text.interface(text))
    except ValueError:
        raise exceptions.InvalidCIDR(cidr=text) from None


def prefixes(texts):
    """(prefixes without host bits as texts, their IP version)."""
    made = [_network(each, "prefixes") for each in texts]
    if not made:
        raise pool_exceptions.EmptySubnetPoolPrefixList
    if len({each.version for each in made}) > 1:
        raise pool_exceptions.PrefixVersionMismatch
    return [str(each) for each in made], made[0].version


def network_prefix(text):
    """A prefix without host bits as text."""
    return str(_network(text, "addresses"))


def network_or_address(text):
    """As ``network_prefix``; an address stands for the prefix that has it alone."""
    return network_prefix(text if "/" in text else f"{text}/{128 if ':' in text else 32}")


def _network(text, attribute):
    try:
        if "/" not in text:
            raise ValueError(text)
        return ip_text.network(text)
    except ValueError:
        raise common.BadRequest(f"Invalid input for {attribute}. Reason: '{text}' is not a valid IP subnet.") from None


def routes(several, name="routes"):
    """[{"destination", "nexthop"}].  :param name: of the attribute.

    :raises BadRequest: a destination is no range; one is twice.
    """
    made = []
    for each in several:
        wanted = each["destination"]
        found = _destination(wanted)
        if found is None:
            raise common.BadRequest(f"Invalid input for {name}. Reason: '{wanted}' is not a valid CIDR.")
        if found.is_loopback:
            raise common.BadRequest(f"Invalid input for {name}. Reason: '{wanted}' is not a routable CIDR.")
        route = {"destination": str(found), "nexthop": address(each["nexthop"])}
        if route in made:
            raise common.BadRequest(f"Invalid input for {name}. Reason: Duplicate hostroute '{each}'.")
        made.append(route)
    return made


def _destination(text):
    """An ip_network, of IPv4 as it is written; None: it is none, or has host bits."""
    try:
        found = ip_text.network(text, strict=True)
    except ValueError:
        return None
    return found if "/" in text and (found.version == 6 or str(found) == text) else None


def fixed_ips(several, name="fixed_ips"):
    """[{"ip_address", "subnet_id"}], either may be missing.  :raises BadRequest: an address is twice."""
    made = [each | {key: address(each[key]) for key in ("ip_address",) if key in each} for each in several]
    ips = [each["ip_address"] for each in made if "ip_address" in each]
    for each in ips:
        if ips.count(each) > 1:
            raise common.BadRequest(f"Invalid input for {name}. Reason: Duplicate IP address '{each}'.")
    return made


def pools(several):
    """[{"start", "end"}]; None stays None."""
    return several and [{name: address(ip) for name, ip in each.items()} for each in several]


def cidr(text):
    """A range without host bits, for filters; text that is no range is returned as it is, and matches nothing."""
    try:
        return str(ip_text.network(text))
    except ValueError:
        return text


def address(text):
    """An IP address in its short form, or the text itself where it is none."""
    try:
        return str(ip_text.address(text))
    except ValueError:
        return text


def host_routes(several):
    """As ``routes``, of a subnet.  :raises HostRoutesExhausted: they are more than ``MOST_ROUTES``."""
    if len(several or ()) > MOST_ROUTES:
        raise exceptions.HostRoutesExhausted(subnet_id="new subnet", quota=MOST_ROUTES)
    return routes(several or [], "host_routes")


def service_types(several):
    """Owners of devices whose ports get addresses of a subnet, each once.  :raises InvalidSubnetServiceType:"""
    for each in several or ():
        if not each.startswith(_DEVICE_OWNERS):
            raise exceptions.InvalidSubnetServiceType(service_type=each)
    return list(dict.fromkeys(several or ()))
