"""The kernel's table of connections, by netlink: those of some zones, those with other addresses on their far side,
and how one is ended or removed.

A TCP connection that is only removed begins anew with the next packet of either end, and with one of an end that may
begin connections all of it passes again.  So it is marked instead, rules drop what is marked, and it is removed by the
kernel when both ends have given up.

conntrack(8) is not needed.  The functions block, and are of the network namespace that the calling thread is in.  The
table may be long, so messages are read here without objects made of each.
"""

import _socket
import contextlib
import errno
import ipaddress
import os
import struct
import typing

from nova_lite.network.planes.groups import Packet
from nova_lite.network.planes.linux.exceptions import HostNetworkError

_NETFILTER = 12                                 # the protocol of netlink
_CHANGE, _GET, _DELETE = 0x0100, 0x0101, 0x0102     # of the subsystem ctnetlink
_REQUEST, _ACK, _DUMP = 1, 4, 0x300
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_TUPLE, _REPLY, _STATUS, _TIMEOUT, _MARK, _ID, _ZONE = 1, 2, 3, 7, 8, 12, 18      # attributes of a connection
_ADDRESSES, _PROTOCOL = 1, 2                    # of its tuple
_TCP = 6
_FIXED_TIMEOUT = 1 << 10                        # a status: packets do not lengthen its life
_GIVEN_UP = 1800                                # seconds after which both ends have, by Linux's tcp_retries2
_BUFFER = 1 << 18
#: The mark of a connection that has ended, whatever its ends may send.
ENDED = 0x6E6C656E


class Connection(typing.NamedTuple):
    """:ivar flow: the groups.Packet that it began with.  :ivar key: what ``remove`` needs of it.
    :ivar status: bits of the kernel's.  :ivar mark: a number.
    """

    flow: Packet
    key: bytes
    status: int = 0
    mark: int = 0


def of_zones(zones):
    """{zone: [Connection]} of zones, all in one look at the table.  :raises HostNetworkError: the kernel does not say.

    Kernels from 6.8 on answer for one zone alone; older ones with everything, whatever they are asked.
    """
    found = {each: [] for each in zones}
    only = _attribute(_ZONE, struct.pack(">H", *zones)) if len(zones) == 1 else b""
    with _socket_of() as netlink:
        netlink.send(_message(_GET, _REQUEST | _DUMP, 0, only))
        for family, attributes in _answers(netlink):
            zone = _zone_of(attributes)
            if zone in found and _TUPLE in attributes:
                found[zone].append(_connection(family, attributes))
    return found


class Translated(typing.NamedTuple):
    """:ivar flow, key: as of Connection.  :ivar reply: the groups.Packet of the answers."""

    flow: Packet
    reply: Packet
    key: bytes


def translated():
    """[Translated] of IPv4, in all zones, whose answers do not go simply the other way.

    :raises HostNetworkError: the kernel does not say.
    """
    with _socket_of() as netlink:
        netlink.send(_message(_GET, _REQUEST | _DUMP, _socket.AF_INET, b""))
        return [Translated(_flow(_socket.AF_INET, attributes[_TUPLE]), _flow(_socket.AF_INET, attributes[_REPLY]),
                           _key(attributes))
                for family, attributes in _answers(netlink)
                if family == _socket.AF_INET and _TUPLE in attributes and not _is_plain(attributes)]


def _is_plain(attributes):
    (source, target, *_), (answerer, asked, *_) = (
        _addresses(_socket.AF_INET, attributes[each]) for each in (_TUPLE, _REPLY))
    return source == asked and target == answerer and _ends(attributes[_TUPLE]) == _ends(attributes[_REPLY])[::-1]


def _ends(body):
    """The two ports of a tuple as they are; none of protocols without."""
    protocol = _attributes(body, 0, len(body))[_PROTOCOL]
    found = _attributes(protocol, 0, len(protocol))
    return [found[each] for each in (2, 3) if each in found]


def end(connection):
    """Let nothing of a Connection pass any more that rules about ``ENDED`` are asked of.

    What is no TCP is removed: whichever packet of it comes next may be the first one of something new.
    """
    if connection.flow.protocol != _TCP:
        remove(connection)
    elif connection.mark != ENDED:
        status = connection.status | _FIXED_TIMEOUT
        _do("ending", _CHANGE, connection, b"".join(
            _attribute(kind, struct.pack(">I", value))
            for kind, value in ((_TIMEOUT, _GIVEN_UP), (_STATUS, status), (_MARK, ENDED))))


def remove(connection):
    """Remove a connection; one that is gone is none."""
    _do("removing", _DELETE, connection)


def _do(what, kind, connection, attributes=b""):
    family = 2 if connection.flow.source.version == 4 else 10
    with _socket_of() as netlink:
        netlink.send(_message(kind, _REQUEST | _ACK, family, connection.key + attributes))
        code = -struct.unpack_from("=i", netlink.recv(_BUFFER), 16)[0]
    if code not in (0, errno.ENOENT):
        raise HostNetworkError(reason=f"{what} a connection: {os.strerror(code)}")


@contextlib.contextmanager
def _socket_of():
    """The C function's: under eventlet socket's own would run on the hub."""
    try:
        netlink = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW, _NETFILTER)
        try:
            netlink.settimeout(10)
            netlink.bind((0, 0))
            yield netlink
        finally:
            netlink.close()
    except OSError as error:
        raise HostNetworkError(reason=f"the kernel's connections: {error}") from error


def _message(kind, flags, family, attributes):
    body = struct.pack("=BBH", family, 0, 0) + attributes
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def _attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _answers(netlink):
    while True:
        data = netlink.recv(_BUFFER)
        start = 0
        while start + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, start)
            if kind == _DONE:
                return
            if kind == _ERROR:
                code = -struct.unpack_from("=i", data, start + 16)[0]
                raise OSError(code, os.strerror(code))
            yield data[start + 16], _attributes(data, start + 20, start + length)
            start += (length + 3) & ~3


def _attributes(data, start, end):
    """{kind: value}"""
    found = {}
    while start + 4 <= end:
        length, kind = struct.unpack_from("=HH", data, start)
        found[kind & 0x3FFF] = data[start + 4:start + length]
        start += (length + 3) & ~3
    return found


def _zone_of(attributes):
    return struct.unpack(">H", attributes[_ZONE])[0] if _ZONE in attributes else 0


def _connection(family, attributes):
    return Connection(_flow(family, attributes[_TUPLE]), _key(attributes),
                      *(_number(attributes.get(each, bytes(4))) for each in (_STATUS, _MARK)))


def _number(value):
    return struct.unpack(">I", value)[0]


def _key(attributes):
    key = _attribute(_TUPLE | _NESTED, attributes[_TUPLE])
    return key + b"".join(_attribute(each, attributes[each]) for each in (_ZONE, _ID) if each in attributes)


def _flow(family, body):
    source, target, protocol = _addresses(family, body)
    return Packet(protocol[1][0], ipaddress.ip_address(source), ipaddress.ip_address(target), *_ports(protocol))


def _addresses(family, body):
    """(source, target, attributes of the protocol) of a tuple, both addresses as bytes."""
    parts = _attributes(body, 0, len(body))
    addresses = _attributes(parts[_ADDRESSES], 0, len(parts[_ADDRESSES]))
    of_source, of_target = (1, 2) if family == _socket.AF_INET else (3, 4)
    return (addresses[of_source], addresses[of_target],
            _attributes(parts[_PROTOCOL], 0, len(parts[_PROTOCOL])))


def _ports(protocol):
    """(type, code) of ICMP, or the ports; None for none."""
    if 2 in protocol:
        return tuple(struct.unpack(">H", protocol[each])[0] for each in (2, 3))
    for kind in (5, 8):
        if kind in protocol:
            return protocol[kind][0], protocol[kind + 1][0]
    return None, None
