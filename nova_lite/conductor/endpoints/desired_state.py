"""Hosts ask what they should have of networks, and report what is in force."""

import contextlib

from nova_lite import db
from nova_lite.common import rpc
from nova_lite.conductor.rpcapi import VERSION
from nova_lite.db import service_changes


class DesiredState:
    """:param network: the facade.  :param delay: a message_delay.MessageDelay."""

    target = rpc.Target(version=VERSION)

    def __init__(self, network, delay):
        self._network = network
        self._delay = delay

    def desired_state(self, context, host, known, after):
        return self._network.desired_state.changes(host, known, after)

    def applied(self, context, host, scopes):
        self._network.desired_state.report(host, scopes)

    def ports_seen(self, context, host, ports, sent=None):
        return ports_seen(self._network, host, ports, lambda: self._delay.check(sent))


def ports_seen(network, host, ports, check):
    """As ``ConductorAPI.ports_seen``; who waits for one of them is looked at soon.

    :param network: the facade.  :param check: callable() that raises where the report is too old; it is called at the
        end of the transaction that writes it, too, for this process may stand still meanwhile.
    """
    check()
    with db.writer(relaxed=True) if network.embedded else contextlib.nullcontext():
        behind, servers = network.desired_state.report_ports(host, ports)
        check()
    if servers:
        with db.writer() as session:
            service_changes.look_again(session, "activate_ports", servers)
    return behind
