"""Begin to change a server's interfaces: ports that come and go, addresses of those that stay.

A host does these changes of one server one after the other, and clients ask for several at once; so each waits for its
turn here instead of being refused.
"""

import contextlib
import functools
import time

from nova_lite import db
from nova_lite.common import concurrency, exception, unit_of_work
from nova_lite.conf import CONF
from nova_lite.db import operations, pledges
from nova_lite.network import exceptions
from nova_lite.objects.states import ON_INTERFACES, OPERATIONS, OperationState

_PAUSES = (0.02, 0.2)       # seconds between two looks: at first, at most


class Interfaces:
    """:raises InvalidState, ServerLocked: from every method; nothing was changed.

    :param network: the network facade.
    """

    def __init__(self, network, compute_rpc):
        self._network = network
        self._rpc = compute_rpc

    def attach(self, context, server, wanted):
        """Return when the guest has the NIC: the id of its port.

        :param wanted: see network.embedded.attachments.Attachments.attach, which also says what is refused.
        :raises InterfaceAttachFailed: the host could not, and all is as it was.
        :raises InterfaceAttachCancelled: a deletion or a reset of the server's state overtook it.
        :raises InterfaceAttachLate: the host does not answer; it may do it yet.
        """
        port_id, operation_id, host = _in_turn(functools.partial(self._begin_attach, context, server, wanted))
        self._rpc.attach_interface(context, host, operation_id)
        unit = unit_of_work.current()
        if unit is None:
            _wait(operation_id, server.id)
        else:           # no host hears of it before the answer, too, is on record
            unit.afterwards(functools.partial(_wait_for_the_record, operation_id, server.id))
        return port_id

    def _begin_attach(self, context, server, wanted):
        operation = OPERATIONS["attach_interface"]
        with db.writer() as session:
            operations.check(session, context, server.id, operation)
            port_id = self._network.attachments.attach(session, context, server, wanted)
            return port_id, *operations.begin(session, context, server.id, operation, {"port": port_id})

    def detach(self, context, server, port_id):
        """Return at once.  That the server has no such port is said by its actions alone, as by Nova's."""
        begun = _in_turn(functools.partial(self._begin_detach, context, server, port_id))
        if begun:
            self._rpc.detach_interface(context, begun[1], begun[0])

    def _begin_detach(self, context, server, port_id):
        def find(session):
            self._network.attachments.check_attached(session, server.id, port_id)
            return {"port": port_id}
        return _begin(context, server, "detach_interface", find)

    def add_address(self, context, server, network_id):
        """Return at once; the server's first NIC in the network gets one address more.  Without one, as ``detach``."""
        begun = _in_turn(functools.partial(self._begin_add, context, server, network_id))
        if begun:
            self._rpc.add_fixed_ip(context, begun[1], begun[0])

    def _begin_add(self, context, server, network_id):
        def find(session):
            port_id, ip = self._network.attachments.add_address(session, server.id, network_id)
            return {"port": port_id, "address": ip}
        return _begin(context, server, "addFixedIp", find)

    def remove_address(self, context, server, ip):
        """Return at once; without such an address, as ``detach``."""
        begun = _in_turn(functools.partial(self._begin_remove, context, server, ip))
        if begun:
            self._rpc.remove_fixed_ip(context, begun[1], begun[0])

    def _begin_remove(self, context, server, ip):
        def find(session):
            return {"port": self._network.attachments.port_with(session, server.id, ip), "address": ip}
        return _begin(context, server, "removeFixedIp", find)


def take_back(session, server_id, network):
    """What was promised to the server and is not done, before it is cancelled: its host gives up the other half."""
    added = pledges.promised(session, server_id, "address", "addFixedIp")
    for port_id in pledges.promised(session, server_id, "port", "attach_interface", "addFixedIp"):
        if added:
            network.attachments.remove_address(session, server_id, port_id, added[0])
        else:
            network.attachments.detach(session, server_id, port_id)


def _begin(context, server, name, find):
    """(operation id, host), or None where what it names is not there and that is on record.

    :param find: callable(session) -> the operation's arguments; raises NotFound, NoMoreFixedIps.
    """
    operation = OPERATIONS[name]
    with db.writer() as session:
        operations.check(session, context, server.id, operation)
        try:
            args = find(session)
        except (exception.NotFound, exceptions.NoMoreFixedIps) as error:
            operations.record_ended(session, context, name, server, str(error))
            return None
        return operations.begin(session, context, server.id, operation, args)


def _in_turn(begin):
    """Begin when no other change of the server's interfaces runs any more.

    Within a unit of work nobody waits: its transaction would hold up what is waited for.
    """
    if unit_of_work.current() is not None:
        return begin()
    end = time.monotonic() + CONF.compute.attach_timeout
    for pause in _pauses():
        try:
            return begin()
        except exception.InvalidState as error:
            if error.attribute != "task_state" or error.state not in ON_INTERFACES or time.monotonic() > end:
                raise
        concurrency.sleep(pause)
    return None


def _wait(operation_id, server_id):
    """Return when an operation has ended well."""
    end = time.monotonic() + CONF.compute.attach_timeout
    for pause in _pauses():
        with db.reader() as session:
            row = operations.get(session, operation_id)
        if row.finished_at is not None:
            break
        if time.monotonic() > end:
            raise exception.InterfaceAttachLate(server_id=server_id)
        concurrency.sleep(pause)
    if row.state == OperationState.CANCELLED:
        raise exception.InterfaceAttachCancelled(server_id=server_id, reason=row.error)
    if row.state != OperationState.DONE:
        raise exception.InterfaceAttachFailed(server_id=server_id, reason=row.error)


def _wait_for_the_record(operation_id, server_id):
    """As ``_wait``; who is late has been promised it in writing."""
    with contextlib.suppress(exception.InterfaceAttachLate):
        _wait(operation_id, server_id)


def _pauses():
    pause, most = _PAUSES
    while True:
        yield pause
        pause = min(pause * 1.5, most)
