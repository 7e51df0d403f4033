"""Begin to copy a server's disk into a new image: the image and the operation that fills it are one transaction."""

from nova_lite import db
from nova_lite.db import operations
from nova_lite.ledger import Beginning, Ledger
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import OPERATIONS

#: Properties of the server's image that its copies do not inherit (Nova's list).
_NOT_INHERITED = frozenset({"cache_in_nova", "bittorrent", "img_signature", "img_signature_hash_method",
                            "img_signature_certificate_uuid", "img_signature_key_type"})


class Snapshot:
    """Each method returns at once, with the id of the image that will be filled.

    :raises InvalidState: the server is busy, or in no state to be copied.
    :raises BadRequest, TooLarge: the image's name or properties are invalid.
    """

    def __init__(self, image, compute_rpc):
        self._ledger = Ledger({"image": image})
        self._rpc = compute_rpc

    def image(self, context, server, name, properties):
        """A snapshot.  :param properties: {name: text} besides those that it always has."""
        image_id, operation_id, host = self.begin(context, server, "snapshot_server", name, properties)
        self._rpc.snapshot_server(context, host, operation_id)
        return image_id

    def backup(self, context, server, name, properties, *, backup_type, rotation):
        """A backup; of those of its type the newest ``rotation`` are kept."""
        properties = {**properties, "image_type": "backup", "backup_type": backup_type}
        image_id, operation_id, host = self.begin(
            context, server, "backup_server", name, properties,
            {"backup_type": backup_type, "rotation": str(rotation)})
        self._rpc.backup_server(context, host, operation_id)
        return image_id

    def begin(self, context, server, operation, name, properties, args=None):
        """(image id, operation id, host) of an operation that fills a new image from the server's disk."""
        operation = OPERATIONS[operation]
        with db.reader() as session:
            operations.check(session, context, server.id, operation)
        reserve = Change("image", "reserve_image", {
            "context": context.to_dict(), "values": _image(context, server, name, properties)})

        def begin(session, operation_id, result):
            image_id = result["image_id"]
            return image_id, *operations.begin(session, context, server.id, operation,
                                               {**(args or {}), "target_id": image_id}, operation_id=operation_id)
        return Beginning(self._ledger, operation.name, server.id, reserve).carry_out(begin)


def take_back(session, server_id, image):
    """Delete the images that open operations of a server were to fill, before these are cancelled.

    :param image: the facade.
    """
    Ledger({"image": image}).take_back_open(session, server_id, "reserve_image")


def _image(context, server, name, properties):
    inherited = {key: value for key, value in server.image_properties.items() if key not in _NOT_INHERITED}
    own = {"instance_uuid": server.id, "user_id": context.user_id, "image_type": "snapshot",
           "boot_roles": ",".join(context.roles)}
    if server.image_id:
        own["base_image_ref"] = server.image_id
    owner = context.project_id or server.project_id
    foreign = owner != server.project_id
    if foreign:
        own["instance_owner"] = server.project_id
    return {"name": name, "project_id": owner, "disk_format": "qcow2", "container_format": "bare",
            "min_disk": server.flavor["root_gb"], "visibility": "shared" if foreign else "private",
            "properties": {**inherited, **own, **properties}}
