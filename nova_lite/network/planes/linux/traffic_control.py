"""The kernel's traffic control of one device: how fast it sends (HTB), and what it receives by way of another device.

What guests send is received by their devices, where the kernel has no queue: so it makes a detour by a device of kind
ifb, which sends it on at its own rate.  The functions block and belong in a native thread; every call may be repeated,
and leaves alone what is as it should be, and what other programs set.
"""

import typing

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from nova_lite.network.planes.linux import bridge, netns
from nova_lite.network.planes.linux.exceptions import HostNetworkError

IFB = "ifb"
REMEDY = ("install the kernel's modules (for Ubuntu's virtual kernels the package linux-modules-extra), or a kernel "
          "with sch_htb, ifb, cls_u32 and act_mirred, and run this as root")
_ROOT, _CLASS, _QUEUE = 0x4E4C0000, 0x4E4C0001, 0x4E4D0000        # ours: "NL"
_INGRESS = 0xFFFF0000
_EVERY_PROTOCOL = 3
_NOT_FOUND, _EXISTS = 2, 17
_FRAME = 1514
#: Of what waits at a rate, and of what is sent at once where nobody says how much: parts of a second.
_WAITING, _BURST = 0.2, 0.05
_QUEUES = (32, 1000)    # the fewest and most packets that wait
_LONGEST = 60           # seconds in which a burst is earned at most
_MOST_AT_ONCE = 2 ** 31     # bytes, which the kernel's numbers of 32 bits hold


class Rate(typing.NamedTuple):
    """:ivar kbps: thousands of bits a second.  :ivar burst: thousands of bits at once; 0: what the rate needs."""

    kbps: int
    burst: int = 0

    @property
    def bytes(self):
        return self.kbps * 125

    @property
    def bytes_at_once(self):
        wanted = self.burst * 125 or int(self.bytes * _BURST)
        return max(min(wanted, self.bytes * _LONGEST, _MOST_AT_ONCE), _FRAME)

    @property
    def queue(self):
        least, most = _QUEUES
        return max(least, min(most, int(self.bytes * _WAITING / _FRAME)))


def send_at(netlink, index, rate):
    """Let a device send no faster than a Rate; None: as fast as it can.

    :param netlink: an IPRoute.  :raises NetlinkError, HostNetworkError: the kernel refuses.
    """
    ours = _handle_at_root(netlink, index) == _ROOT
    if rate is None:
        if ours:
            netlink.tc("del", "htb", index, handle=_ROOT)
        return
    if not ours:
        with_module(lambda: netlink.tc("replace", "htb", index, handle=_ROOT, default=1), "htb", "sch_htb")
    wanted = {"rate": rate.bytes, "burst": rate.bytes_at_once, "cburst": rate.bytes_at_once, "quantum": 2 * _FRAME}
    present = _parameters(netlink, index)
    if present is None:
        netlink.tc("add-class", "htb", index, handle=_CLASS, parent=_ROOT, **wanted)
    elif not _is_like(present, rate):
        netlink.tc("change-class", "htb", index, handle=_CLASS, parent=_ROOT, **wanted)
    if _limit(netlink, index) != rate.queue:
        netlink.tc("replace", "pfifo", index, handle=_QUEUE, parent=_CLASS, limit=rate.queue)


def sends_at(netlink, index, rate):
    """Whether a device is limited to a Rate as ``send_at`` does it."""
    present = _parameters(netlink, index)
    return (_handle_at_root(netlink, index) == _ROOT and present is not None and _is_like(present, rate)
            and _limit(netlink, index) == rate.queue)


def receives_by(netlink, index, other):
    """Whether what a device receives comes by another one."""
    return _detour(netlink, index) == other


def _handle_at_root(netlink, index):
    """The handle of what another or this program set for what a device sends; None: nothing."""
    return next((each["handle"] for each in netlink.get_qdiscs(index)
                 if each["parent"] == 0xFFFFFFFF and each.get_attr("TCA_KIND") == "htb"), None)


def _parameters(netlink, index):
    return next((each.get_attr("TCA_OPTIONS").get_attr("TCA_HTB_PARMS") for each in netlink.get_classes(index)
                 if each["handle"] == _CLASS), None)


def _limit(netlink, index):
    return next((each.get_attr("TCA_OPTIONS")["limit"] for each in netlink.get_qdiscs(index)
                 if each["handle"] == _QUEUE), None)


def _is_like(present, rate):
    """Whether a class has a rate, and its burst: of that the kernel knows the time in ticks, of 64 ns each."""
    burst = present["buffer"] * 64e-9 * rate.bytes
    return present["rate"] == min(rate.bytes, 2 ** 32 - 1) and abs(burst - rate.bytes_at_once) <= (
        _FRAME / 2 + rate.bytes_at_once / 100)


def receive_by(netlink, index, other, ours):
    """Let what a device receives come by another one; None: directly, where it came by one of ``ours`` (indexes)."""
    there = _detour(netlink, index)
    if there is not None and there != other and (other is not None or there in ours):
        netlink.tc("del", "ingress", index, handle=_INGRESS)
    if other is None or there == other:
        return
    try:
        netlink.tc("add", "ingress", index, handle=_INGRESS)
    except NetlinkError as error:
        if error.code != _EXISTS:
            raise
    with_module(lambda: netlink.tc(
        "add-filter", "u32", index, parent=_INGRESS, prio=1, protocol=_EVERY_PROTOCOL, target=0, keys=["0x0/0x0+0"],
        action={"kind": "mirred", "direction": "egress", "action": "redirect", "ifindex": other}),
        "u32 with mirred", "cls_u32 and act_mirred")


def _detour(netlink, index):
    """The index of the device by which what a device receives is sent; None: there is none."""
    if not any(each["handle"] == _INGRESS for each in netlink.get_qdiscs(index)):
        return None
    for each in netlink.get_filters(index=index, parent=_INGRESS):
        actions = each.get_nested("TCA_OPTIONS", "TCA_U32_ACT")
        for _, action in actions["attrs"] if actions is not None else ():
            parameters = action.get_nested("TCA_ACT_OPTIONS", "TCA_MIRRED_PARMS")
            if parameters is not None:
                return parameters["ifindex"]
    return None


def ensure_ifb(netlink, name, mark):
    """Make a device of kind ifb where it is missing, up; its index.  :param mark: its alias."""
    link = bridge.find(netlink, name)
    if link is None:
        with_module(lambda: netlink.link("add", ifname=name, kind=IFB), IFB, IFB)
        link = bridge.find(netlink, name)
    bridge.write_sysctl(f"ipv6/conf/{name}/disable_ipv6", "1")
    if link.get_attr("IFLA_IFALIAS") != mark or link["state"] != "up":
        netlink.link("set", index=link["index"], ifalias=mark, state="up")
    return link["index"]


def with_module(call, kind, module):
    """:raises HostNetworkError: the kernel has no traffic control of that kind."""
    try:
        call()
    except NetlinkError as error:
        if error.code in (_NOT_FOUND, 95):
            raise HostNetworkError(reason=f"this kernel has no traffic control of kind {kind} ({module}), by which QoS "
                                          f"policies limit rates: {error}") from error
        raise


def lacking():
    """What keeps this kernel from limiting rates, tried where nobody is; "": nothing.  Blocks for moments."""
    try:
        with netns.apart(), IPRoute() as netlink:
            one, other = (ensure_ifb(netlink, name, name) for name in ("one", "other"))
            send_at(netlink, other, Rate(1000))
            receive_by(netlink, one, other, ())
    except (HostNetworkError, NetlinkError, OSError) as error:
        return str(error)
    return ""
