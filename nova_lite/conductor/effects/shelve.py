"""What shelving changes in the database: an image to come back from, and in the end no host."""

from nova_lite.common import exceptions
from nova_lite.conductor.effects.base import Launches, ServerEffect
from nova_lite.conductor.effects.snapshot import SnapshotServer
from nova_lite.db import allocations, server_objects, service_changes
from nova_lite.db.base import now
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import Power, Vm

NOT_SHELVED = {"shelved_image_id": None, "shelved_at": None}


class ShelveServer(SnapshotServer):
    def succeeded(self, session, operation, outcome):
        server = server_objects.row(session, operation.resource_id)
        discard_copy(session, self.services.ledger, operation, server)
        return super().succeeded(session, operation, outcome) | {
            "shelved_image_id": operation.args["target_id"], "shelved_at": now()}

    def committed(self):
        """It may be due to leave its host at once."""
        if self.services.offload is not None:
            self.services.offload()


class OffloadServer(ServerEffect):
    """Its guest may be gone already, so it is tried until it succeeds."""

    def succeeded(self, session, operation, outcome):
        values = super().succeeded(session, operation, outcome)
        allocations.leave(session, operation.resource_id)
        self.services.ledger.owe(session, operation, Change("network", "place_ports", {
            "server_id": operation.resource_id, "host": None}))
        allocations.free(session, operation.resource_id)
        return values | {"power_state": Power.SHUTDOWN}

    def retry_at(self, operation, failure):
        return operation.place


class UnshelveServer(Launches):
    """Its argument ``image_id`` is the image that the server was shelved into."""

    def changes(self, operation, host):
        return [Change("network", "place_ports", {"server_id": operation.resource_id, "host": host})]

    def for_host(self, operation, server, images):
        """Without that image the server is lost, unless it still has its disk.  :raises ShelvedImageLost:"""
        image_id = operation.args.get("image_id")
        try:
            return {"disk": images.bootable(image_id) if image_id else None}
        except exceptions.ImageNotFound as error:
            if operation.previous["vm_state"] == Vm.SHELVED:
                return {}
            raise exceptions.ShelvedImageLost(image_id=image_id) from error

    def succeeded(self, session, operation, outcome):
        """Its disk lies over that image from now on."""
        server = server_objects.row(session, operation.resource_id)
        discard_copy(session, self.services.ledger, operation, server)
        service_changes.keep(session, operation.id)
        return super().succeeded(session, operation, outcome) | NOT_SHELVED | {
            "base_image_ids": [*server.base_image_ids, operation.args["image_id"]]}

    def failed(self, session, operation, failure):
        """A server that had no host has none again."""
        if operation.previous["vm_state"] == Vm.SHELVED_OFFLOADED:
            allocations.leave(session, operation.resource_id)
            self.services.ledger.take_back(session, operation.id)
            allocations.free(session, operation.resource_id)


def discard_copy(session, ledger, operation, server):
    """Delete the image that the operation's server (a row) was shelved into."""
    if server.shelved_image_id is not None:
        ledger.owe(session, operation, Change("image", "discard_image", {"image_id": server.shelved_image_id}))
