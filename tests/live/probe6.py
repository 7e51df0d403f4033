"""A program for network namespaces: ``routers`` asks by eth0 who is a router, ``dhcp`` asks DHCPv6 for an address, or
only for what else it says (``dhcp information``); it prints JSON of the answers.

``dhcp`` may be made to lie: ``as=MAC`` is whose identifier it uses, ``from=ADDRESS`` with which address it asks,
``release=ADDRESS`` gives back an address, ``decline=ADDRESS`` refuses it.  It needs none of the site's packages.
"""

import contextlib
import fcntl
import ipaddress
import json
import os
import socket
import struct
import sys
import time

_DEVICE = "eth0"
_SECONDS = 1.5
_GET_MAC = 0x8927           # ioctl SIOCGIFHWADDR
_SOLICIT, _REQUEST, _RELEASE, _DECLINE, _INFORMATION = 1, 3, 8, 9, 11
_CLIENT, _SERVER, _IA, _ADDRESS, _WANTED, _ELAPSED, _DNS, _SEARCH = 1, 2, 3, 5, 6, 8, 23, 24


def routers():
    """{link-local address: {"lifetime", "managed", "other", "mtu", "prefixes": {range: on-link and autonomous flags},
    "dns"}}"""
    index = socket.if_nametoindex(_DEVICE)
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _DEVICE.encode())
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        one.sendto(struct.pack("!BBHI", 133, 0, 0, 0), ("ff02::2", 0, 0, index))
        found = {}
        for data, (sender, *_) in _received(one):
            if data[0] == 134:
                found[sender] = _announced(data)
    return found


def _announced(data):
    _, flags, lifetime = struct.unpack_from("!BBH", data, 4)
    found = {"lifetime": lifetime, "managed": bool(flags & 0x80), "other": bool(flags & 0x40), "mtu": None,
             "prefixes": {}, "dns": []}
    start = 16
    while start + 8 <= len(data):
        kind, length = data[start], data[start + 1] * 8
        if kind == 3:
            bits, how = data[start + 2], data[start + 3]
            found["prefixes"][f"{_ip(data[start + 16:start + 32])}/{bits}"] = ("L" if how & 0x80 else "") + (
                "A" if how & 0x40 else "")
        elif kind == 5:
            found["mtu"] = struct.unpack_from("!I", data, start + 4)[0]
        elif kind == 25:
            found["dns"] += [_ip(data[each:each + 16]) for each in range(start + 8, start + length, 16)]
        start += length
    return found


def dhcp(*words):
    """{"address", "dns", "search", "options": {number: hex}} of a reply; None: there was none."""
    more = dict(each.split("=") for each in words if "=" in each)
    mac = bytes.fromhex((more.get("as") or _mac()).replace(":", ""))
    identity = _option(_CLIENT, struct.pack("!HH", 3, 1) + mac)
    association = struct.pack("!III", int.from_bytes(mac[2:], "big"), 0, 0)
    asked = _option(_WANTED, struct.pack("!HHHH", _DNS, _SEARCH, 59, 31)) + _option(_ELAPSED, b"\0\0")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _DEVICE.encode())
        one.bind((more.get("from", "::"), 546, 0, socket.if_nametoindex(_DEVICE)))
        if "information" in words:
            return _shown(_ask(one, _INFORMATION, identity + asked))
        offer = _ask(one, _SOLICIT, identity + asked + _option(_IA, association))
        if offer is None or _SERVER not in offer:
            return None
        identity += _option(_SERVER, offer[_SERVER])
        for name, kind in (("release", _RELEASE), ("decline", _DECLINE)):
            if name in more:
                held = _option(_ADDRESS, ipaddress.ip_address(more[name]).packed + bytes(8))
                return _shown(_ask(one, kind, identity + asked + _option(_IA, association + held)))
        return _shown(_ask(one, _REQUEST, identity + asked + _option(_IA, offer.get(_IA, association))))


def _ask(one, kind, options):
    """{number: content} of the first answer."""
    transaction = os.urandom(3)
    one.sendto(bytes([kind]) + transaction + options, ("ff02::1:2", 547, 0, socket.if_nametoindex(_DEVICE)))
    for data, _ in _received(one):
        if data[1:4] == transaction:
            return _options(data[4:])
    return None


def _shown(reply):
    if reply is None:
        return None
    held = _options(reply[_IA][12:]) if _IA in reply else {}
    dns = reply.get(_DNS, b"")
    return {"address": _ip(held[_ADDRESS][:16]) if _ADDRESS in held else None,
            "dns": [_ip(dns[each:each + 16]) for each in range(0, len(dns), 16)],
            "search": reply.get(_SEARCH, b"").decode("latin-1").strip("\0"),
            "options": {str(key): value.hex() for key, value in reply.items()}}


def _options(data):
    found, start = {}, 0
    while start + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, start)
        found[kind] = data[start + 4:start + 4 + length]
        start += 4 + length
    return found


def _option(kind, content):
    return struct.pack("!HH", kind, len(content)) + content


def _received(one):
    end = time.monotonic() + _SECONDS
    with contextlib.suppress(TimeoutError):
        while (left := end - time.monotonic()) > 0:
            one.settimeout(left)
            yield one.recvfrom(2000)


def _mac():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return fcntl.ioctl(one, _GET_MAC, struct.pack("256s", _DEVICE.encode()))[18:24].hex()


def _ip(data):
    return str(ipaddress.IPv6Address(data))


if __name__ == "__main__":
    print(json.dumps(routers() if sys.argv[1] == "routers" else dhcp(*sys.argv[2:])))
