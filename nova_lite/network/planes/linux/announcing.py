"""Gratuitous ARP, and neighbour advertisements: a namespace says which addresses are its own now, so that neighbours
forget who had them before.
"""

import contextlib
import fcntl
import socket
import struct

from nova_lite.common import concurrency, exceptions
from nova_lite.network.planes.linux import netns

#: Seconds after which addresses are announced once more: neighbours heed no second answer within one.
_AGAIN = 1.5
_GET_MAC = 0x8927           # ioctl SIOCGIFHWADDR
_ARP = 0x0806
_ALL = b"\xff" * 6
_IPV6, _ICMPV6, _ADVERTISEMENT = 0x86DD, 58, 136
_ROUTER, _OVERRIDE = 1 << 31, 1 << 29
_ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
_REQUEST, _ANSWER = 1, 2    # some devices heed the one, some the other


class Announcer:
    """:param native: callable(call, *args, what) that runs a callable in a native thread."""

    def __init__(self, native):
        self._native = native

    def announce(self, namespace, addresses):
        """Now, and once more later.  :param addresses: {device: [address as text]}"""
        if any(addresses.values()):
            self._once(namespace, addresses)
            concurrency.spawn(self._later, namespace, addresses)

    def _once(self, namespace, addresses):
        self._native(_send, namespace, addresses, what="announcing addresses")

    def _later(self, namespace, addresses):
        concurrency.sleep(_AGAIN)
        with contextlib.suppress(exceptions.NovaLiteError):     # the namespace is gone
            self._once(namespace, addresses)


def _send(namespace, addresses):
    """A device that is gone announces nothing."""
    with netns.inside(namespace):
        for device, some in addresses.items():
            with contextlib.suppress(OSError):
                _announce(device, some)


def _announce(device, addresses):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((device, 0))
        mac = fcntl.ioctl(one, _GET_MAC, struct.pack("256s", device.encode()))[18:24]
        for address in addresses:
            for each in ([advertisement(mac, address)] if ":" in address else
                         [frame(mac, address, operation) for operation in (_REQUEST, _ANSWER)]):
                one.send(each)


def frame(mac, address, operation):
    """One Ethernet frame (RFC 5227, section 3)."""
    own = socket.inet_aton(address)
    return _ALL + mac + struct.pack("!HHHBBH", _ARP, 1, 0x0800, 6, 4, operation) + mac + own + _ALL + own


def advertisement(mac, address):
    """One Ethernet frame, to all nodes (RFC 4861, sections 4.4 and 7.2.6), from a router."""
    own = socket.inet_pton(socket.AF_INET6, address)
    body = struct.pack("!BBHI", _ADVERTISEMENT, 0, 0, _ROUTER | _OVERRIDE) + own + struct.pack("!BB", 2, 1) + mac
    total = sum(struct.unpack(f"!{(len(own + _ALL_NODES + body) + 8) // 2}H",
                              own + _ALL_NODES + struct.pack("!II", len(body), _ICMPV6) + body))
    total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), _ICMPV6, 255) + own + _ALL_NODES
    return b"\x33\x33\0\0\0\1" + mac + struct.pack("!H", _IPV6) + head + body
