"""What kind of packet ``nova-lite network trace`` follows."""

import typing

from nova_lite.common import exceptions, ip_protocols
from nova_lite.network.planes.groups import Packet

_SOME_PORT = 40000      # that a connection comes from
_ECHO = 8, 0            # type and code of an echo request
_ECHO_6 = 128, 0        # and of one of ICMPv6


_WITHOUT_PORTS = ip_protocols.ICMP, ip_protocols.ICMPV6


class Kind(typing.NamedTuple):
    """What packets are sent.  :ivar protocol: number.  :ivar first, second: as of ``planes.groups.Packet``."""

    protocol: int
    first: int | None = None
    second: int | None = None

    @classmethod
    def of(cls, text):
        """:param text: "tcp/22", "udp/53", "icmp" (an echo request), or any protocol's name or number.

        :raises BadRequest: it is none of these.
        """
        name, _, port = text.lower().partition("/")
        known = name in ip_protocols.NUMBERS or (name.isdecimal() and int(name) <= 255)
        if not known or (port and not (port.isdecimal() and 1 <= int(port) <= 65535)):
            raise exceptions.BadRequest(f"{text} is no protocol, as tcp/22, udp/53, icmp or 47 are.")
        number = ip_protocols.number(name)
        if number == ip_protocols.ICMP:
            return cls(number, *_ECHO)
        return cls(number, _SOME_PORT if port else None, int(port) if port else None)

    def packet(self, source, target):
        """A ``planes.groups.Packet`` from one ip_address to another; what is ICMP of IPv4 is ICMPv6 of IPv6."""
        if self.protocol == ip_protocols.ICMP and target.version == 6:
            return Packet(ip_protocols.ICMPV6, source, target, *_ECHO_6)
        return Packet(self.protocol, source, target, self.first, self.second)


def said(packet):
    """A packet in words."""
    name = next((each for each, number in ip_protocols.NUMBERS.items() if number == packet.protocol), packet.protocol)
    port = "" if packet.second is None or packet.protocol in _WITHOUT_PORTS else f"/{packet.second}"
    return f"{name}{port} from {packet.source} to {packet.target}"
