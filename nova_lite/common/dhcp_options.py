"""The DHCP options that a port may have besides those of its subnets, and how they are written for dnsmasq.

Names are those of dnsmasq, by which Neutron's users know them; what is written has numbers alone.
"""

import ipaddress
import re

from nova_lite.common import ip_text

#: {name: option}, of IPv4.
NUMBERS = {
    "netmask": 1, "time-offset": 2, "router": 3, "dns-server": 6, "log-server": 7, "lpr-server": 9, "host-name": 12,
    "hostname": 12, "boot-file-size": 13, "domain-name": 15, "swap-server": 16, "root-path": 17, "extension-path": 18,
    "ip-forward-enable": 19, "non-local-source-routing": 20, "policy-filter": 21, "max-datagram-reassembly": 22,
    "default-ttl": 23, "mtu": 26, "all-subnets-local": 27, "broadcast": 28, "router-discovery": 31,
    "router-solicitation": 32, "static-route": 33, "trailer-encapsulation": 34, "arp-timeout": 35,
    "ethernet-encap": 36, "tcp-ttl": 37, "tcp-keepalive": 38, "nis-domain": 40, "nis-server": 41, "ntp-server": 42,
    "netbios-ns": 44, "netbios-dd": 45, "netbios-nodetype": 46, "netbios-scope": 47, "x-windows-fs": 48,
    "x-windows-dm": 49, "nis+-domain": 64, "nis+-server": 65, "tftp-server": 66, "bootfile-name": 67,
    "mobile-ip-home": 68, "smtp-server": 69, "pop3-server": 70, "nntp-server": 71, "irc-server": 74,
    "posix-timezone": 100, "tzdb-timezone": 101, "ipv6-only": 108, "domain-search": 119, "sip-server": 120,
    "classless-static-route": 121, "tftp-server-address": 150, "server-ip-address": 255}
#: {name: option}, of IPv6 (RFC 3646, 3898, 4075, 5908, 5970).
NUMBERS_6 = {
    "sip-server-domain": 21, "sip-server": 22, "dns-server": 23, "domain-search": 24, "nis-server": 27,
    "nis+-server": 28, "nis-domain": 29, "nis+-domain": 30, "sntp-server": 31, "information-refresh-time": 32,
    "ntp-server": 56, "bootfile-url": 59, "bootfile-param": 60}
#: Of the protocol itself: the lease, its server and its client.
_PROTOCOL = frozenset((0, *range(50, 62), 80, 81, 82, 93, 94, 97, 125))
_PROTOCOL_6 = frozenset((*range(21), 25, 26, 39))
_HIGHEST = 254
#: Neither a line's end nor what begins a comment, a quotation or an escape.
_VALUE = re.compile(r"[ !$-\[\]-~]*")


def names(version=4):
    """Names of the options of an IP version."""
    return (NUMBERS if version == 4 else NUMBERS_6).keys()


def number(name, version=4):
    """The option of an IP version that a name or number (text) means; None: none that a port may have."""
    known, protocol = (NUMBERS, _PROTOCOL) if version == 4 else (NUMBERS_6, _PROTOCOL_6)
    found = known.get(name.lower())
    if found is None and re.fullmatch("[0-9]{1,3}", name) and int(name) <= _HIGHEST:
        found = int(name)
    return None if found in protocol else found


def is_plain(value):
    """Whether a value (text) can be written into dnsmasq's file, where it means itself."""
    return bool(_VALUE.fullmatch(value)) and value == value.strip()


def line(name, value, version=4):
    """"66,tftp.example.org", as dnsmasq reads it; "": what it must not read."""
    known = number(name, version)
    if known is None or not is_plain(value):
        return ""
    if version == 6:
        return f"option6:{known}{value and ',' + ','.join(map(_bracketed, value.split(',')))}"
    return f"{'option:server-ip-address' if known > _HIGHEST else known}{value and ',' + value}"


def _bracketed(text):
    """An IPv6 address as dnsmasq reads it; anything else as it is."""
    try:
        return f"[{ipaddress.IPv6Address(ip_text.without_scope(text.strip()))}]"
    except ValueError:
        return text
