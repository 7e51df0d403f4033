"""What changes of a server's interfaces change in the database: ports and addresses come first and go last.

What is attached or added is the server's before the operation begins, so that nobody else can have it; what is detached
or removed stays the server's until its host has let go of it, and then its service is to take it away.
"""

from nova_lite.conductor.effects.base import ServerEffect
from nova_lite.db import interfaces, service_changes
from nova_lite.objects.service_change import Change


class _Interface(ServerEffect):
    host_arguments = ("port", "address")

    def _owe(self, session, operation, verb, *names):
        """:param names: of the arguments that say what goes."""
        what = [operation.args[each] for each in names]
        self.services.ledger.owe(
            session, operation, Change("network", verb, {
                "server_id": operation.resource_id, **dict(zip(names, what, strict=True))}),
            lambda: interfaces.forget(session, operation.resource_id, what[:1], *what[1:]))


class _Comes(_Interface):
    def failed(self, session, operation, failure):
        self.services.ledger.take_back(session, operation.id)


class AttachInterface(_Comes):
    """Its change is kept: the port is given back with the server."""


class DetachInterface(_Interface):
    def succeeded(self, session, operation, outcome):
        self._owe(session, operation, "detach_port", "port")
        service_changes.forget(session, operation, "attach_port", port=operation.args["port"])
        return super().succeeded(session, operation, outcome)


class AddFixedIp(_Comes):
    def succeeded(self, session, operation, outcome):
        """The address goes with its port."""
        service_changes.keep(session, operation.id)
        return super().succeeded(session, operation, outcome)


class RemoveFixedIp(_Interface):
    def succeeded(self, session, operation, outcome):
        self._owe(session, operation, "remove_address", "port", "address")
        return super().succeeded(session, operation, outcome)
