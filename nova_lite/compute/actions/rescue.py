"""Begin to rescue a server, which boots it from another image with its own disk attached; or to unrescue it."""

from nova_lite import db
from nova_lite.common import crypt, exceptions
from nova_lite.common.hardware import properties
from nova_lite.compute.actions.begin import begin_operation
from nova_lite.db import operations, servers
from nova_lite.objects.states import OPERATIONS


class Rescue:
    """Each method returns at once.  :raises InvalidState, ServerLocked:"""

    def __init__(self, image, compute_rpc):
        self._image = image
        self._rpc = compute_rpc

    def rescue(self, context, server, admin_pass, image_id=None):
        """:param image_id: None takes the image that the server was made from.

        :raises BadRequest: nothing boots from that image.
        """
        operation = OPERATIONS["rescue_server"]
        with db.reader() as session:
            operations.check(session, context, server.id, operation)
        if image_id is not None:
            self._check(context, image_id)
        image_id = image_id or server.image_id
        with db.writer() as session:
            operation_id, host = operations.begin(session, context, server.id, operation, {
                "admin_pass": crypt.seal(admin_pass), "image_id": image_id})
            servers.update(session, server.id, rescue_image_id=image_id)
        self._rpc.rescue_server(context, host, operation_id)

    def unrescue(self, context, server):
        operation_id, host = begin_operation(context, server, "unrescue_server")
        self._rpc.unrescue_server(context, host, operation_id)

    def _check(self, context, image_id):
        try:
            properties.check_bootable(self._image.for_server(context, image_id))
        except (exceptions.ImageNotFound, exceptions.ImageNotActive, exceptions.ImageUnacceptable) as error:
            raise exceptions.BadRequest(f"Requested rescue image '{image_id}' is not supported") from error
