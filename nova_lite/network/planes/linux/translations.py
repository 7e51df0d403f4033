"""Connections whose addresses a router translated, of which those must end that it would translate no more."""

import ipaddress
import typing

from nova_lite.common import ip_protocols
from nova_lite.network.planes.linux import conntrack, netns

_PROTOCOLS = {ip_protocols.NUMBERS[each]: each for each in ("tcp", "udp", "udplite", "dccp", "sctp")}


class Connection(typing.NamedTuple):
    """Addresses as text.

    :ivar source, target, port: of the packets as the one who began it sent them.
    :ivar seen_as: what the other side took the source for.  :ivar led_to, led_port: where the packets went.
    :ivar protocol: its name; None where it has no ports.
    """

    source: str
    target: str
    port: int | None
    seen_as: str
    led_to: str
    led_port: int | None
    protocol: str | None = None


def is_current(one, router, transit):
    """Whether a router translates a Connection as it would now.

    :param router: a layout.Router.  :param transit: ip_network of the links to the host.
    """
    return _leads_right(one, router) and _is_seen_right(one, router, transit)


def _leads_right(one, router):
    if one.target == one.led_to and one.port == one.led_port:
        return True
    if router.translated.get(one.target) == one.led_to:
        return True
    return any(each.ip == one.target and each.protocol == one.protocol and each.first <= (one.port or 0) <= each.last
               and each.to == one.led_to and each.to_first <= (one.led_port or 0) <= each.to_last
               for each in router.forwardings)


def _is_seen_right(one, router, transit):
    if one.source == one.seen_as or ipaddress.ip_address(one.source) in transit:
        return True
    if router.translated.get(one.seen_as) == one.source:
        return True
    return (router.gateway is not None and one.seen_as in router.gateway.ips[:1]
            and (router.snat or one.target != one.led_to))


def end_stale(namespace, router, transit):
    """End connections that a router would not translate so any more; blocks, in a native thread.

    :raises HostNetworkError: the kernel refuses.
    """
    with netns.inside(namespace):
        for each in conntrack.translated():
            if not is_current(_connection(each.flow, each.reply), router, transit):
                conntrack.remove(each)


def _connection(flow, reply):
    name = _PROTOCOLS.get(flow.protocol)
    port, led_port = (flow.second, reply.first) if name else (None, None)
    return Connection(source=str(flow.source), target=str(flow.target), port=port, seen_as=str(reply.target),
                      led_to=str(reply.source), led_port=led_port, protocol=name)
