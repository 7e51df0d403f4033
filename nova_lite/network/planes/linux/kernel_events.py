"""What the kernel says of changes of this machine's network: of links, addresses, routes, queues and nftables' rules.

A socket gets those of the host's namespace and of all that are joined to it by a link (NETLINK_LISTEN_ALL_NSID).
"""

import errno
import logging
import socket

LOG = logging.getLogger(__name__)

_SOL_NETLINK, _ADD_MEMBERSHIP, _LISTEN_ALL_NSID = 270, 1, 8
_ROUTE, _NETFILTER = 0, 12
#: RTNLGRP_: LINK, TC, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV4_NETCONF, IPV6_NETCONF;
#: NFNLGRP_NFTABLES.
_GROUPS = {_ROUTE: (1, 4, 5, 7, 8, 9, 11, 24, 25), _NETFILTER: (7,)}
_MESSAGE = 1 << 16


class KernelEvents:
    """Open from its making until ``close``; in the namespace of the thread that makes it."""

    def __init__(self):
        self._sockets = []
        try:
            for protocol, groups in _GROUPS.items():
                self._sockets.append(_subscribed(protocol, groups))
        except OSError as error:        # of an old kernel, or without CAP_NET_BROADCAST
            LOG.info("The kernel does not say what changes (%s): all of the network is compared each time.", error)
            self.close()

    def any(self):
        """Whether something has changed since the last call, as far as is known: True where the kernel says nothing."""
        came = [_drained(each) for each in self._sockets]
        return not came or any(came)

    def close(self):
        for each in self._sockets:
            each.close()
        self._sockets = []


def _subscribed(protocol, groups):
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    try:
        made.setblocking(False)
        made.bind((0, 0))
        made.setsockopt(_SOL_NETLINK, _LISTEN_ALL_NSID, 1)
        for each in groups:
            made.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, each)
    except OSError:
        made.close()
        raise
    return made


def _drained(sock):
    """Whether there was anything to read, or there was too much to keep."""
    came = False
    while True:
        try:
            sock.recv(_MESSAGE)
        except BlockingIOError:
            return came
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
        came = True
