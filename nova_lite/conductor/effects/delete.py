"""What deletions change in the database: what the server held is free, at once or when it is deleted for good."""

from nova_lite.conductor.effects.base import HostLost, ServerEffect
from nova_lite.conductor.effects.shelve import NOT_SHELVED, discard_copy
from nova_lite.db import allocations, interfaces, server_moves, server_objects, services
from nova_lite.objects.interface import ServerNetwork
from nova_lite.objects.service_change import Change


class DeleteServer(ServerEffect):
    """What was started cannot be undone, so it is tried until it succeeds; without its host it succeeds as well."""

    can_go_on = True

    def succeeded(self, session, operation, outcome):
        return {}

    def goes_on(self, session, operation):
        """Every host that may have something of the server removes it."""
        cleaned = {*operation.args.get("cleaned", ()), operation.place}
        left = sorted(server_moves.hosts_of(session, operation.resource_id) - cleaned)
        return (left[0], operation.args | {"cleaned": sorted(cleaned)}) if left else None

    def after(self, session, operation):
        """Nothing of the server is left anywhere: free what it held, and let it be 404."""
        server = server_objects.row(session, operation.resource_id)
        server_moves.expire(session, server)
        discard_copy(session, self.services.ledger, operation, server)
        self._release_ports(session, operation)
        services.gone(session, operation.resource_id)
        allocations.free(session, operation.resource_id)

    def _release_ports(self, session, operation):
        """With all else that other services changed for the server."""
        server_id, ledger = operation.resource_id, self.services.ledger
        if "allocate_ports" in ledger.give_back(session, server_id) or not interfaces.nics(session, [server_id]):
            return
        ledger.owe(session, operation, Change("network", "release_ports", {"server_id": server_id}),
                   lambda: interfaces.store(session, server_id, ServerNetwork()))

    def retry_at(self, operation, failure):
        return operation.place

    def host_lost(self, operation, alive):
        return HostLost.END


class SoftDeleteServer(ServerEffect):
    """The DELETE was answered as done, so it is tried until it succeeds."""

    def retry_at(self, operation, failure):
        return operation.place


class RestoreServer(ServerEffect):
    def succeeded(self, session, operation, outcome):
        server = server_objects.row(session, operation.resource_id)
        discard_copy(session, self.services.ledger, operation, server)
        return super().succeeded(session, operation, outcome) | NOT_SHELVED | {"soft_deleted_at": None}
