"""Begin to rescue a server: boot it from another image, its own disk beside; or to end that."""

from nova_lite import db
from nova_lite.common import crypt, exception
from nova_lite.compute.actions.begun import begun
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
        operation = OPERATIONS["rescue"]
        with db.reader() as session:
            operations.check(session, context, server.id, operation)
        if image_id is not None:
            self._check(context, image_id)
        image_id = image_id or server.image_id
        with db.writer() as session:
            operation_id, host = operations.begin(session, context, server.id, operation, {
                "admin_pass": crypt.seal(admin_pass), "image_id": image_id})
            servers.remember(session, server.id, rescue_image=image_id)
        self._rpc.rescue_server(context, host, operation_id)

    def unrescue(self, context, server):
        operation_id, host = begun(context, server, "unrescue")
        self._rpc.unrescue_server(context, host, operation_id)

    def _check(self, context, image_id):
        try:
            self._image.for_server(context, image_id)
        except (exception.ImageNotFound, exception.ImageNotActive, exception.ImageUnacceptable) as error:
            raise exception.BadRequest(f"Requested rescue image '{image_id}' is not supported") from error
