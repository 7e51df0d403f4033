"""What resizes change in the database: sizes and migrations, until they are confirmed or reverted.

Until then the server holds what it needs to go either way.
"""

from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import ServerEffect
from nova_lite.db import server_migrations, server_moves, server_objects
from nova_lite.db.base import now
from nova_lite.objects.migration import Status
from nova_lite.objects.states import Power, Vm


class ResizeServer(ServerEffect):
    host_arguments = ("flavor",)

    def started(self, session, operation):
        """Take what the new size needs, if need be again."""
        if not server_moves.try_start(session, server_objects.row(session, operation.resource_id)):
            raise exceptions.NoValidHost(reason=f"Host {operation.place} has no capacity for the new size.")

    def succeeded(self, session, operation, outcome):
        server = server_objects.row(session, operation.resource_id)
        migration = server_migrations.of_server(session, server)
        server_moves.arrive(session, server, moved_at=now())
        return super().succeeded(session, operation, outcome) | {"flavor": migration.new_flavor}

    def failed(self, session, operation, failure):
        """The server has the size it had, and holds no more than that."""
        server = server_objects.row(session, operation.resource_id)
        server_moves.show(session, server, Status.ERROR)
        server_moves.close(session, server.id, server.host, server.flavor)


class _End(ServerEffect):
    """One of the two ends of a resize.  :cvar statuses: the migration's while it runs and when it has succeeded."""

    statuses = None

    def started(self, session, operation):
        server_moves.show(session, server_objects.row(session, operation.resource_id), self.statuses[0])

    def succeeded(self, session, operation, outcome):
        server = server_objects.row(session, operation.resource_id)
        kept = self.kept(server, server_migrations.of_server(session, server), outcome)
        server_moves.show(session, server, self.statuses[1])
        server_moves.close(session, server.id, server.host, kept["flavor"])
        return super().succeeded(session, operation, outcome) | kept

    def failed(self, session, operation, failure):
        """It is resized as before."""
        server_moves.show(session, server_objects.row(session, operation.resource_id), Status.FINISHED)

    def kept(self, server, migration, outcome):
        """The flavor and the vm_state that the server has from now on."""
        raise NotImplementedError


class ConfirmResize(_End):
    statuses = (Status.CONFIRMING, Status.CONFIRMED)

    def kept(self, server, migration, outcome):
        runs = outcome.power_state in (Power.RUNNING, Power.PAUSED)
        return {"flavor": server.flavor, "vm_state": Vm.ACTIVE if runs else Vm.STOPPED}


class RevertResize(_End):
    statuses = (Status.REVERTING, Status.REVERTED)
    host_arguments = ("flavor", "vm_state", "resize")

    def kept(self, server, migration, outcome):
        return {"flavor": migration.old_flavor, "vm_state": migration.old_vm_state}
