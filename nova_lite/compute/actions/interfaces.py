"""Begin to attach and detach interfaces of a server, and to add and remove addresses.

A host makes these changes of one server one after the other, while clients may request several at once.  So a request
waits until the earlier ones have ended, instead of being refused.
"""

import contextlib
import functools
import time
import types

from nova_lite import db
from nova_lite.common import concurrency, exceptions, retry, unit_of_work
from nova_lite.compute.actions import network_info
from nova_lite.conf import CONF
from nova_lite.db import external_events, interfaces, locks, operations, service_changes
from nova_lite.db.base import new_id
from nova_lite.ledger import Beginning, Ledger, Upcoming
from nova_lite.network import exceptions as network_exceptions
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import ON_INTERFACES, OPERATIONS, OperationState, Task

#: What is said by the server's actions alone, after the answer.
_ON_RECORD = (exceptions.NotFound, network_exceptions.NoMoreFixedIps)
_PAUSES = (0.02, 0.2, 1.5)      # between two checks: seconds at first, seconds at most, and the factor


class Interfaces:
    """:raises InvalidState, ServerLocked: every method may; nothing was changed.

    :param network: the network facade.
    """

    def __init__(self, network, compute_rpc):
        self._network = network
        self._ledger = Ledger({"network": network})
        self._rpc = compute_rpc

    def attach(self, context, server, wanted):
        """Begin to attach a NIC; the id of the operation that does it, for ``attached``.

        :param wanted: see network.embedded.attachments.Attachments.attach, which also says what is refused.
        """
        beginning = self._beginning("attach_interface", server, "attach_port", {
            "context": context.to_dict(), "server_id": server.id, "wanted": wanted})
        if not beginning.is_made():
            operation_id, host = _in_turn(functools.partial(_begin_with, context, server, beginning))
            self._rpc.attach_interface(context, host, operation_id)
        return beginning.operation_id

    @staticmethod
    def attached(operation_id, server_id):
        """The id of the port that an operation attached, when the guest has it.

        :raises InterfaceAttachFailed: the host could not attach it, and nothing has changed.
        :raises InterfaceAttachCancelled: a deletion or a reset of the server's state overtook it.
        :raises InterfaceAttachLate: the host has not answered; it may still attach it.
        :raises InterfaceGone: it was detached since.
        """
        _wait(operation_id, server_id)
        with db.reader() as session:
            port_id = service_changes.result_of(session, service_changes.marker(operation_id, Change(
                "network", "attach_port", {}))).get("port")
        if port_id is None:
            raise exceptions.InterfaceGone(server_id=server_id)
        return port_id

    def _beginning(self, name, server, verb, arguments):
        """:param verb: it and its arguments are the change's; its result is the operation's arguments."""
        return Beginning(self._ledger, name, server.id, Change("network", verb, arguments))

    def detach(self, context, server, port_id):
        """Detach a NIC; return at once.  An unknown port leads to a failed instance action, as in Nova."""
        started = _in_turn(functools.partial(self._begin_detach, context, server, port_id))
        if started:
            self._rpc.detach_interface(context, started[1], started[0])

    def _begin_detach(self, context, server, port_id):
        def find(nics):
            if port_id not in {each.port_id for each in nics}:
                raise network_exceptions.PortNotOfServer(port_id=port_id)
            return {"port": port_id}
        return _begin(context, server, "detach_interface", find)

    def delete_port(self, context, port, revision=None):
        """Take a NIC from its server and delete the port with it; return at once.

        :param port: as the network facade gives it.  :param revision: which it must have; None: any.
        :raises InvalidState: nothing can be detached from the server now.
        """
        begin = self._begin_delete if self._network.embedded else self._delete_elsewhere
        started = _in_turn(functools.partial(begin, context, port, revision))
        if started:
            self._rpc.detach_interface(context, started[1], started[0])

    def _begin_delete(self, context, port, revision):
        server_id, port_id = port["server_id"], port["id"]
        with db.writer() as session:
            locks.server(session, server_id)
            self._network.attachments.give_up(server_id, port_id, revision=revision)
            if external_events.hosts(session, [server_id]).get(server_id) is None:
                self._network.attachments.detach(server_id, port_id)
                return None
            operation = OPERATIONS["detach_interface"]
            operations.check(session, context, server_id, operation)
            return operations.begin(session, context, server_id, operation, {"port": port_id})

    def _delete_elsewhere(self, context, port, revision):
        """A service that is not embedded deletes its port at once, as for any client of its own; the guest follows."""
        server_id, operation = port["server_id"], OPERATIONS["detach_interface"]
        with db.reader() as session:
            host = external_events.hosts(session, [server_id]).get(server_id)
            if host is not None:
                operations.check(session, context, server_id, operation)
        with contextlib.suppress(exceptions.NotFound):      # deleted before; another change came first
            self._network.ports.delete(context, port, revision)
        if host is None:
            network_info.refresh(self._network, [server_id])
            return None
        with db.writer() as session:
            return operations.begin(session, context, server_id, operation, {"port": port["id"]})

    def update_port(self, context, port, values, revision=None):
        """Change a server's port, as ``ports.update`` of the network facade; its host learns of other addresses."""
        if not self._network.embedded:
            changed = self._network.ports.update(context, port, values, revision)
            network_info.refresh(self._network, [port["server_id"]])
            return changed
        started, server = [], types.SimpleNamespace(id=port["server_id"])

        def begin(added, removed):
            with db.reader() as session:
                if external_events.hosts(session, [server.id]).get(server.id) is None:
                    return
            args = {"port": port["id"], "address": (added or removed)[0]}
            if added:
                operation_id, host = _begin_with(context, server, self._beginning(
                    "add_fixed_ip", server, "add_address", {"server_id": server.id, **args}))
            else:
                operation_id, host = _begin(context, server, "remove_fixed_ip", lambda _nics: args)
            started[:] = "add_fixed_ip" if added else "remove_fixed_ip", operation_id, host

        changed = _in_turn(functools.partial(self._network.ports.update, context, port, values, revision, begin))
        if started:
            name, operation_id, host = started
            getattr(self._rpc, name)(context, host, operation_id)
        return changed

    def add_address(self, context, server, network_id):
        """Add an address to the server's first NIC in a network; return at once.  Without such a NIC, as ``detach``."""
        beginning = self._beginning("add_fixed_ip", server, "add_address", {
            "context": context.to_dict(), "server_id": server.id, "network_id": network_id})
        started = _in_turn(functools.partial(_begin_add, context, server, beginning))
        if started:
            self._rpc.add_fixed_ip(context, started[1], started[0])

    def remove_address(self, context, server, ip):
        """Remove an address; return at once.  Without such an address, as ``detach``."""
        started = _in_turn(functools.partial(self._begin_remove, context, server, ip))
        if started:
            self._rpc.remove_fixed_ip(context, started[1], started[0])

    def _begin_remove(self, context, server, ip):
        def find(nics):
            for each in nics:
                if ip in {one.ip for one in each.addresses}:
                    return {"port": each.port_id, "address": ip}
            raise network_exceptions.FixedIpNotOfServer(server_id=server.id, ip=ip)
        return _begin(context, server, "remove_fixed_ip", find)


def take_back(session, server_id, network):
    """Detach ports and remove addresses of open operations, before these are cancelled; the host undoes its part.

    Ports that were bound for one stay bound where the server is.
    """
    Ledger({"network": network}).take_back_open(session, server_id, "attach_port", "add_address", "place_ports")


def place_where_it_is(session, server, network):
    """An unshelve that is about to be cancelled may have found a host to which the ports are not bound: they are to be.

    :param server: its row, locked.
    """
    if server.task_state == Task.UNSHELVING:
        Ledger({"network": network}).owe(session, Upcoming(new_id(), "unshelve_server", server.id), Change(
            "network", "place_ports", {"server_id": server.id, "host": server.host}))


def _begin_with(context, server, beginning):
    """(operation id, host) of a Beginning."""
    operation = OPERATIONS[beginning.name]
    with db.reader() as session:
        operations.check(session, context, server.id, operation)

    def begin(session, operation_id, result):
        args = {each: result[each] for each in ("port", "address") if each in result}
        return operations.begin(session, context, server.id, operation, args, operation_id=operation_id)
    return beginning.carry_out(begin)


def _begin_add(context, server, beginning):
    try:
        return _begin_with(context, server, beginning)
    except _ON_RECORD as error:
        return _begin(context, server, "add_fixed_ip", functools.partial(_fail, error))


def _begin(context, server, name, find):
    """(operation id, host); None where the port or address is missing, which is recorded as a failed action.

    :param find: callable(the server's NICs) -> the operation's arguments; raises NotFound, NoMoreFixedIps.
    """
    operation = OPERATIONS[name]
    with db.writer() as session:
        operations.check(session, context, server.id, operation)
        try:
            args = find(interfaces.nics(session, [server.id]).get(server.id, ()))
        except _ON_RECORD as error:
            operations.record_ended(session, context, operation, server, str(error))
            return None
        return operations.begin(session, context, server.id, operation, args)


def _fail(error, _nics):
    raise error


def _in_turn(begin):
    """Call ``begin`` as soon as no other change of the server's interfaces runs, and none is yet to be undone.

    Within a unit of work that has written it does not wait, since the open transaction would block the other change.
    """
    return retry.after_errors(begin, (exceptions.InvalidState, exceptions.ChangeNotInTurn),
                              retry.within(CONF.compute.attach_timeout, retry.growing(*_PAUSES)), _is_in_turn)


def _is_in_turn(error):
    """:raises InvalidState, ChangeNotInTurn: ``error``, where waiting does not help."""
    unit = unit_of_work.current()
    if unit is not None and unit.session is not None:
        raise error
    if isinstance(error, exceptions.InvalidState) and (
            error.attribute != "task_state" or error.state not in ON_INTERFACES):
        raise error


def _wait(operation_id, server_id):
    """Return when an operation has succeeded."""
    end = time.monotonic() + CONF.compute.attach_timeout
    for pause in retry.growing(*_PAUSES):
        with db.reader() as session:
            row = operations.get(session, operation_id)
        if row.finished_at is not None:
            break
        if time.monotonic() > end:
            raise exceptions.InterfaceAttachLate(server_id=server_id)
        concurrency.sleep(pause)
    if row.state == OperationState.CANCELLED:
        raise exceptions.InterfaceAttachCancelled(server_id=server_id, reason=row.error)
    if row.state != OperationState.DONE:
        raise exceptions.InterfaceAttachFailed(server_id=server_id, reason=row.error)
