"""What copies of a server's disk change in the database: an image that is filled, or deleted when it will not be."""

from nova_lite.conductor.effects.base import ServerEffect
from nova_lite.db import service_changes
from nova_lite.objects.service_change import Change


class SnapshotServer(ServerEffect):
    """Its argument ``target_id`` is the image that the host fills."""

    def for_host(self, operation, server, images):
        target = operation.args.get("target_id")
        return super().for_host(operation, server, images) | {"image": images.fillable(target) if target else None}

    def succeeded(self, session, operation, outcome):
        """The image is its owner's from now on."""
        service_changes.keep(session, operation.id)
        return super().succeeded(session, operation, outcome)

    def failed(self, session, operation, failure):
        self.services.ledger.take_back(session, operation.id)


class BackupServer(SnapshotServer):
    def succeeded(self, session, operation, outcome):
        """The oldest backups of the server beyond its rotation are deleted."""
        args = operation.args
        self.services.ledger.owe(session, operation, Change("image", "rotate_backups", {
            "image_id": args["target_id"], "server_id": operation.resource_id, "backup_type": args["backup_type"],
            "rotation": int(args["rotation"])}))
        return super().succeeded(session, operation, outcome)
