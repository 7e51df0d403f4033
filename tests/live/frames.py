"""Frames as bytes, right but for what a test makes wrong."""

import ipaddress
import struct

ALL = "ff:ff:ff:ff:ff:ff"
ALL_NODES, ALL_NODES_MAC = "ff02::1", "33:33:00:00:00:01"
_UDP, _ICMPV6, _FRAGMENT, _OPTIONS = 17, 58, 44, 60


def ethernet(source, target, kind, payload):
    return _mac(target) + _mac(source) + struct.pack("!H", kind) + payload


def arp(source, target, sender_mac, sender, asked, code=1):
    """:param code: 1 asks, 2 answers."""
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, code) + _mac(sender_mac) + _ip(sender) + bytes(6) + _ip(asked)
    return ethernet(source, target, 0x0806, body)


def udp4(source, target, sender, receiver, ports, payload=b"x" * 20):
    segment = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 1, 0, 64, _UDP, 0) + _ip(sender) + _ip(receiver)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return ethernet(source, target, 0x0800, head + segment)


def tcp4_again(frame):
    """A frame of IPv4 with TCP and no options, as it was seen, with the checksum that a device would have added."""
    head, segment = frame[:34], bytearray(frame[34:14 + int.from_bytes(frame[16:18])])
    segment[16:18] = bytes(2)
    segment[16:18] = checksum(head[26:34] + struct.pack("!BBH", 0, 6, len(segment)) + segment).to_bytes(2)
    return head + bytes(segment)


def udp6(source, target, sender, receiver, ports):
    segment = struct.pack("!HHHH", *ports, 28, 0) + b"x" * 20
    return _six(source, target, sender, receiver, _UDP, segment, 6)


def echo6(source, target, sender, receiver):
    return icmp6(source, target, sender, receiver, struct.pack("!BBHHH", 128, 0, 0, 1, 1))


def advertised_router(source, sender):
    return icmp6(source, ALL_NODES_MAC, sender, ALL_NODES, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0))


def neighbour(source, sender, claimed):
    """An advertisement that ``claimed`` has this MAC."""
    return icmp6(source, ALL_NODES_MAC, sender, ALL_NODES,
                 struct.pack("!BBHI", 136, 0, 0, 0x20000000) + _ip(claimed) + b"\2\1" + _mac(source))


def disputed(source, claimed):
    """The question of one without an address whether somebody has ``claimed``."""
    return icmp6(source, ALL_NODES_MAC, "::", ALL_NODES, struct.pack("!BBHI", 135, 0, 0, 0) + _ip(claimed))


def asked_groups(source, sender, target=ALL_NODES_MAC):
    """A router's question who listens to which multicast groups (RFC 2710).  :param target: the MAC it is sent to."""
    whole = icmp6(source, target, sender, ALL_NODES, struct.pack("!BBHHH", 130, 0, 0, 1, 0) + bytes(16))
    alert = _with(whole[:54], 0, bytes([_ICMPV6, 0, 5, 2, 0, 0, 1, 0]) + whole[54:])
    return alert[:21] + b"\1" + alert[22:]            # it goes no further than the link


def icmp6(source, target, sender, receiver, message):
    return _six(source, target, sender, receiver, _ICMPV6, message, 2)


def sender6(frame):
    """The source address of an IPv6 frame, as text."""
    return str(ipaddress.IPv6Address(frame[22:38]))


def behind_options(frame):
    """An IPv6 frame with an extension header before its content."""
    head, content = frame[:54], frame[54:]
    return _with(head, _OPTIONS, bytes([head[20], 0, 1, 4, 0, 0, 0, 0]) + content)


class Fragments:
    """An IPv6 frame in two parts; what it is about is in the second.

    :ivar parts: both frames.  :ivar whole: what a host makes of them.
    """

    def __init__(self, frame):
        self.whole = behind_options(frame)
        head, content = self.whole[:54], self.whole[54:]
        self.parts = [_with(head, _FRAGMENT, struct.pack("!BBHI", _OPTIONS, 0, 1, 7) + content[:8]),
                      _with(head, _FRAGMENT, struct.pack("!BBHI", _OPTIONS, 0, 8, 7) + content[8:])]


def cut6(frame):
    """The two fragments of an IPv6 frame, of which the first says what it is."""
    head, content = frame[:54], frame[54:]
    return [_with(head, _FRAGMENT, struct.pack("!BBHI", head[20], 0, 1, 9) + content[:8]),
            _with(head, _FRAGMENT, struct.pack("!BBHI", head[20], 0, 8, 9) + content[8:])]


def _six(source, target, sender, receiver, protocol, content, place):
    pseudo = _ip(sender) + _ip(receiver) + struct.pack("!II", len(content), protocol)
    content = content[:place] + struct.pack("!H", checksum(pseudo + content)) + content[place + 2:]
    head = struct.pack("!IHBB", 0x60000000, len(content), protocol, 255) + _ip(sender) + _ip(receiver)
    return ethernet(source, target, 0x86DD, head + content)


def _with(head, protocol, content):
    return head[:18] + struct.pack("!HB", len(content), protocol) + head[21:] + content


def checksum(data):
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def _ip(text):
    return ipaddress.ip_address(text).packed
