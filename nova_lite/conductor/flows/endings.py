"""How a host's part of an operation ends in the database: one transaction each, everything it held given back."""

from nova_lite.conductor.flows import backups, interfaces, rebuilds, resizes, shelves
from nova_lite.conf import CONF
from nova_lite.db import (
    allocations,
    locks,
    operations,
    pledges,
    resizing,
    scheduling,
    server_objects,
    servers,
    services,
)
from nova_lite.db.base import now
from nova_lite.db.faults import fault
from nova_lite.objects.states import Vm

_LAUNCHING = frozenset({"create", "rebuild", "unshelve"})
#: What was begun cannot be undone, or was answered as done (a DELETE), so it is tried again until it succeeds.
_UNRELENTING = frozenset({"delete", "soft_delete", "shelveOffload"})
#: What needs not be remembered of a server any more when an operation has succeeded.
_FORGETS = {"unrescue": ("rescue_image",), "restore": ("soft_deleted_at", "shelved_image", "shelved_at"),
            "rebuild": ("base_images",), "unshelve": ("shelved_image", "shelved_at")}
#: After these a server needs no more the image that it was shelved into before.
_HAS_ITS_DISK = frozenset({"shelve", "unshelve", "restore"})


class Endings:
    """Write the end of operations.  Every method works in the caller's transaction and may raise Fenced."""

    def __init__(self, network, image):
        """:param network, image: the facades."""
        self._network = network
        self._image = image

    def ended(self, session, operation, outcome):
        """A host's part is over.

        :param operation: its row.  :param outcome: objects.Outcome.
        :returns: where it goes on: None (it ended), or the place it was handed to.
        """
        if outcome.error is None:
            return self._succeeded(session, operation, outcome)
        if operation.name in _UNRELENTING:
            operations.hand_over(session, operation.id, operation.attempt, operation.place,
                                 failed=(outcome.error, outcome.details))
            return operation.place
        if operation.name == "create" and self._another_host(operation, outcome):
            return self.moved(session, operation, outcome.error, outcome.details)
        return self.failed(session, operation, fault(outcome.code, outcome.error, outcome.details))

    def _succeeded(self, session, operation, outcome):
        if operation.name == "delete":
            return self.deleted(session, operation)
        values = {"power_state": outcome.power_state or 0}
        if operation.name in _LAUNCHING:
            values["launched_at"] = now()
        if operation.name in resizes.NAMES:
            values |= resizes.succeeded(session, operation, outcome.power_state)
        if operation.name in _HAS_ITS_DISK:
            self._discard_copy(session, server_objects.row(session, operation.server_id))
        if operation.name == "createBackup":
            backups.rotate(session, self._image, operation)
        if operation.name in shelves.NAMES:
            values |= shelves.succeeded(session, operation, self._network)
        if operation.name in interfaces.NAMES:
            interfaces.succeeded(session, operation, self._network)
        if operations.OPERATIONS[operation.name].leads_to(operation.previous["vm_state"]) != Vm.ERROR:
            values["fault"] = None
        operations.finish(session, operation, **values)
        if operation.name == "create":
            scheduling.built(session, operation.place, well=True)
        if operation.name in _FORGETS:
            servers.remember(session, operation.server_id, **dict.fromkeys(_FORGETS[operation.name]))
        return None

    def deleted(self, session, operation):
        """Nothing of the server is left anywhere: free what it held, and let it be 404."""
        operations.finish(session, operation)
        server = server_objects.row(session, operation.server_id)
        resizing.over(session, server)
        self._discard_copy(session, server)
        self._network.release(session, operation.server_id)
        services.gone(session, operation.server_id)
        allocations.free(session, operation.server_id)

    def _discard_copy(self, session, server):
        """The image that a server (its row) was shelved into."""
        copy = server.remembered.get("shelved_image")
        if copy is not None:
            self._image.discard(session, copy)

    def failed(self, session, operation, why):
        """The operation failed for good; a server that was never built gives everything back and stays as ERROR."""
        locks.server(session, operation.server_id)
        if operation.name in interfaces.NAMES:
            interfaces.failed(session, operation, self._network)
        for image_id in pledges.promised(session, operation.server_id, "target_id"):
            self._image.discard(session, image_id)          # nobody will fill it any more
        operations.finish(session, operation, why["message"], why["details"], **self._blame(operation, why))
        if operation.name == "create":
            self._network.release(session, operation.server_id)
            services.unplaced(session, operation.server_id)
            allocations.free(session, operation.server_id)
            if why["code"] >= 500 and operation.place != operations.CONDUCTOR:
                scheduling.built(session, operation.place, well=False)

        if operation.name in resizes.NAMES:
            resizes.failed(session, operation)
        if operation.name == "rebuild":
            rebuilds.failed(session, operation)
        if operation.name == "unshelve":
            shelves.failed(session, operation, self._network)

    @staticmethod
    def _blame(operation, why):
        from_table = operations.OPERATIONS[operation.name].failing
        return {} if from_table is None else {"fault": why}

    @staticmethod
    def _another_host(operation, outcome):
        """A refusal that is the user's to mend (4xx) would be the same on every host."""
        tried = len(operation.args.get("excluded", ())) + 1
        named = operation.args.get("host") or operation.args.get("node")
        return outcome.code >= 500 and tried < CONF.operations.max_attempts and not named

    @staticmethod
    def moved(session, operation, error, details=None):
        """A build goes back to the conductor, for a host that was not tried yet; ``error`` says why."""
        args = operation.args | {"excluded": [*operation.args.get("excluded", ()), operation.place], "failure": error}
        operations.hand_over(session, operation.id, operation.attempt, operations.CONDUCTOR, args,
                             failed=(error, details))
        services.unplaced(session, operation.server_id)
        allocations.free(session, operation.server_id)
        scheduling.built(session, operation.place, well=False)
        return operations.CONDUCTOR
