"""Rates of ports in force on this host: what guests get, and what they send, is as fast as QoS policies let it be.

A guest's device comes and goes with the guest, and is a new one each time: so what is set is known by its index.
"""

import logging
import typing

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.common import concurrency
from nova_lite.network.planes.linux import bridge, traffic_control
from nova_lite.network.planes.linux.exceptions import HostNetworkError
from nova_lite.network.planes.linux.traffic_control import Rate

LOG = logging.getLogger(__name__)
_DETOURS = "nli"
_ID = 11            # characters of a port's id that fit into a device's name


class Rates(typing.NamedTuple):
    """:ivar got, sent: the Rate of what a guest gets, and of what it sends; None: any."""

    got: Rate | None = None
    sent: Rate | None = None


ANY = Rates()


def rates_of(port):
    """:param port: a state.Port."""
    return Rates(*(Rate(port.qos[f"{way}_kbps"], port.qos.get(f"{way}_burst", 0))
                   if port.admin_up and port.qos.get(f"{way}_kbps") else None for way in ("ingress", "egress")))


class Shaper:
    """:param cloud: parts.cloud_of the state directory.  :param native: runs a callable in a native thread."""

    def __init__(self, cloud, native):
        self._cloud, self._native = cloud, native
        self._set = {}              # port id -> (index of its device, Rates) as set here
        self._is_known = False      # whether nothing else than that is set, as far as nobody else changes it
        self._broken = {}           # port id -> why its rates are not set
        self._lock = concurrency.Lock()

    def distrust(self):
        """Another program may have changed what is set: the next ``apply`` looks at all of it."""
        self._is_known = False

    def apply(self, some):
        """Set the rates of those ports that have devices here, and remove what is left of others'.

        :param some: [state.Port], all that are plugged.  What cannot be set, ``fault`` says.
        """
        with self._lock:
            wanted = {port.port_id: (port.tap, rates_of(port)) for port in some}
            if self._is_known and not self._set and all(rates == ANY for _, rates in wanted.values()):
                return
            before = self._set if self._is_known else {}
            known = self._broken
            self._set, self._broken = self._native(_apply, self._cloud, wanted, before)
            for port_id, reason in self._broken.items():
                if known.get(port_id) != reason:
                    LOG.error("The rate of port %s is not limited: %s", port_id, reason)
            self._is_known = True

    def altered(self, some):
        """Names of the devices of those ports (state.Port) whose rates are set, and are not so any more."""
        with self._lock:
            known = {port.tap: (port.port_id, *self._set[port.port_id]) for port in some if port.port_id in self._set}
            return self._native(_altered, self._cloud, known) if known else []

    def faults(self):
        """Why rates of some ports are not as they should be; "": they are."""
        return "; ".join(sorted(set(self._broken.values())))

    def fault(self, port):
        """Why a port's rates are not limited though its device is there; "": they are, or need not be."""
        rates = rates_of(port)
        if rates == ANY:
            return ""
        known = self._set.get(port.port_id)
        if known is not None and known[1] == rates:
            return ""
        return self._broken.get(port.port_id, "its rate has yet to be limited")


def _apply(cloud, wanted, before):
    """({port id: (index, Rates)} that are set, {port id: why they are not})

    :param wanted: {port id: (name of its device, Rates)}.  :param before: as set; what is not in it may be anything.
    """
    done, broken = {}, {}
    with IPRoute() as netlink:
        links = {link.get_attr("IFLA_IFNAME"): link for link in netlink.get_links()}
        ours = {link["index"] for link in links.values() if _port_of(cloud, link)}
        for port_id, (tap, rates) in wanted.items():
            if tap not in links:
                continue
            index = links[tap]["index"]
            if before.get(port_id, (index, ANY) if before else None) != (index, rates):
                try:
                    _shape(netlink, f"{cloud}.{port_id}", index, rates, ours)
                except (NetlinkError, OSError, HostNetworkError) as error:
                    broken[port_id] = str(error)
                    continue
            if rates != ANY:
                done[port_id] = index, rates
        for name, link in links.items():
            port_id = _port_of(cloud, link)
            if port_id is not None and (port_id not in wanted or wanted[port_id][1].sent is None):
                bridge.delete(netlink, name)
    return done, broken


def _shape(netlink, mark, index, rates, ours):
    """The detour is limited before anything comes by it, and goes after that.

    :param mark: what its alias is.  :param ours: indexes of such devices.
    """
    traffic_control.send_at(netlink, index, rates.got)
    if rates.sent is None:
        traffic_control.receive_by(netlink, index, None, ours)
        return
    detour = traffic_control.ensure_ifb(netlink, _DETOURS + mark.rpartition(".")[2][:_ID], mark)
    traffic_control.send_at(netlink, detour, rates.sent)
    traffic_control.receive_by(netlink, index, detour, ours)


def _altered(cloud, known):
    """:param known: {name of a device: (port id, its index, Rates)}"""
    with IPRoute() as netlink:
        return sorted(tap for tap, each in known.items() if bridge.find(netlink, tap) is not None
                      and not _is_set(netlink, cloud, *each))


def _is_set(netlink, cloud, port_id, index, rates):
    try:
        if rates.got is not None and not traffic_control.sends_at(netlink, index, rates.got):
            return False
        detour = bridge.find(netlink, _DETOURS + port_id[:_ID])
        return rates.sent is None or (
            detour is not None and _port_of(cloud, detour) == port_id
            and traffic_control.receives_by(netlink, index, detour["index"])
            and traffic_control.sends_at(netlink, detour["index"], rates.sent))
    except NetlinkError:            # the device went meanwhile
        return True


def _port_of(cloud, link):
    """The id of the port whose detour a link is; None: it is none of this cloud's."""
    mark = link.get_attr("IFLA_IFALIAS") or ""
    is_ours = link.get_attr("IFLA_IFNAME").startswith(_DETOURS) and mark.startswith(f"{cloud}.")
    return mark.removeprefix(f"{cloud}.") if is_ours else None
