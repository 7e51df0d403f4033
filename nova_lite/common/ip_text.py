"""IP addresses and ranges of users' text.

Python reads the name of an interface behind a "%" of IPv6, which may be any text with lines of its own, and writes it
again: it would get into whatever addresses are written to, as configuration files and rules of firewalls.
"""

import ipaddress
import re

_SCOPE = re.compile("%[^/]*")


def address(text):
    """An IPv4Address or IPv6Address.  :raises ValueError:"""
    return ipaddress.ip_address(_plain(text))


def interface(text):
    """An IPv4Interface or IPv6Interface: an address with the prefix of its range.  :raises ValueError:"""
    return ipaddress.ip_interface(_plain(text))


def network(text, *, strict=False):
    """An IPv4Network or IPv6Network.  :param strict: whether host bits are refused.  :raises ValueError:"""
    return ipaddress.ip_network(_plain(text), strict=strict)


def _plain(text):
    if "%" in str(text):
        raise ValueError(f"{text!r} has a scope")
    return text


def without_scope(text):
    """Text of an address or range, as an earlier release kept it, without what it has behind a "%"."""
    return _SCOPE.sub("", text)
