"""The base of effects: what an operation changes in the database when it begins, moves to another host and ends.

Each method but ``for_host`` and ``committed`` runs in a transaction of the engine in which the resource is locked, and
may wait for nothing but the database.
"""

import collections
import enum

from nova_lite.common import exceptions
from nova_lite.db.base import now
from nova_lite.db.faults import fault
from nova_lite.ledger import Ledger
from nova_lite.objects.states import OPERATIONS, Vm


class HostLost(enum.Enum):
    """What becomes of an operation whose host is dead."""

    WAIT = enum.auto()      # it waits until its host is back
    MOVE = enum.auto()      # it goes to another host
    END = enum.auto()       # it has succeeded without the host


class Failure(collections.namedtuple("Failure", "code message details broken", defaults=(None, False))):
    """Why an operation failed.

    :ivar code: an HTTP status.  :ivar message: for users.  :ivar details: for administrators; None: there are none.
    :ivar broken: the resource itself is lost, so it goes to ERROR whatever the operation's row says.
    """

    @classmethod
    def of(cls, error, message=None):
        """The Failure of a NovaLiteError.  :param message: None: the error's own."""
        return cls(error.status, message or str(error), broken=isinstance(error, exceptions.ShelvedImageLost))


class Services(collections.namedtuple("Services", "network image offload", defaults=(None,))):
    """The facades that effects use, and what offloads shelved servers that are due (callable without arguments)."""

    @property
    def ledger(self):
        """The ledger of changes that these services make for operations."""
        return Ledger({"network": self.network, "image": self.image})


class Effect:
    """The effect of an operation on any resource; this one changes nothing.

    :param services: Services.
    :cvar can_go_on: whether the operation may go on without its host, as ``host_lost`` decides.
    """

    can_go_on = False

    def __init__(self, services):
        self.services = services

    def changes(self, operation, host):
        """The objects.service_change.Change of other services that must be made before ``host`` begins."""
        return ()

    def started(self, session, operation):
        """A host has taken the lease.  :raises NoValidHost: the operation cannot be done there, and fails."""

    def for_host(self, operation, server, images):
        """What the host needs besides the server.  It may call other services, and runs outside of any transaction.

        :param server: its row.  :param images: endpoints.leases.Images.
        :returns: {"disk": objects.Image that the server's disk is made from, "image": that of the operation itself,
            "args": {name: text}}; a missing key means None.
        :raises NovaLiteError: the operation fails.  :raises PeerAway: it is due again.
        """
        return {}

    def succeeded(self, session, operation, outcome):
        """The operation is about to succeed: {column: value} of the resource besides its state.

        Columns go by their names in the database, as in rows ("metadata"), which may differ from the models'.

        :param outcome: objects.Outcome; None where no host did it.
        """
        return {}

    def goes_on(self, session, operation):
        """A place has done its part: (the next that has to do it, with which arguments), or None: it is about to end
        well.
        """

    def after(self, session, operation):
        """The operation has succeeded in this transaction."""

    def committed(self):
        """The transaction in which the operation succeeded is committed."""

    def failing(self, operation, failure):
        """The operation is about to fail: {column: value} of the resource besides the state that its row names."""
        return {}

    def failed(self, session, operation, failure):
        """The operation has failed in this transaction: free what it held.  Damaged arguments are {}."""

    def retry_at(self, operation, failure):
        """The place where the operation is tried again instead of failing; None: it fails."""

    def args_elsewhere(self, operation, failure):
        """The arguments with which the operation goes back to the conductor."""
        return operation.args

    def leaves(self, session, operation, failure):
        """The operation goes back to the conductor in this transaction: free what it held of its host."""

    def host_lost(self, operation, alive):
        """What becomes of the operation where ``can_go_on``.  :param alive: names of the hosts that are up."""
        return HostLost.WAIT


class ServerEffect(Effect):
    """The effect of an operation on a server.

    :cvar host_arguments: names of the arguments that the host needs.
    """

    host_arguments = ()

    def for_host(self, operation, server, images):
        return {"args": {name: operation.args[name] for name in self.host_arguments if name in operation.args}}

    def succeeded(self, session, operation, outcome):
        values = {"power_state": outcome.power_state or 0}
        if OPERATIONS[operation.name].leads_to(operation.previous["vm_state"]) != Vm.ERROR:
            values["fault"] = None
        return values

    def failing(self, operation, failure):
        """As of Effect; a server in ERROR, also one that was before, gets a fault that says why."""
        vm_state = Vm.ERROR if failure.broken else (
            OPERATIONS[operation.name].failing or operation.previous["vm_state"])
        if vm_state != Vm.ERROR:
            return {}
        return {"vm_state": vm_state, "fault": fault(failure.code, failure.message, failure.details)}


class Launches(ServerEffect):
    """The effect of an operation that makes the server's disk from an image and starts a new guest."""

    def for_host(self, operation, server, images):
        disk = images.bootable(server.image_id) if server.image_id else None
        return super().for_host(operation, server, images) | {"disk": disk}

    def succeeded(self, session, operation, outcome):
        return super().succeeded(session, operation, outcome) | {"launched_at": now()}
