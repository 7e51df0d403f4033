"""An administrator says what a server is; whatever runs on it is cancelled."""

from nova_lite import db
from nova_lite.compute.actions import interfaces, snapshot
from nova_lite.db import locks, operations, resizing, servers


class ResetState:
    def __init__(self, image, network):
        self._image = image
        self._network = network

    def reset(self, context, server, vm_state):
        """The server rests in ``vm_state`` (states.Vm) from now on; what its host really runs is taken over later.

        :raises ServerNotFound: it is gone by now.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            snapshot.take_back(session, server.id, self._image)
            interfaces.take_back(session, server.id, self._network)
            operations.cancel_open(session, server.id, f"Cancelled by resetState (request {context.request_id}).")
            servers.update(session, server.id, vm_state=vm_state, task_state=None)
            operations.record_ended(session, context, "resetState", server)
            resizing.give_up(session, server.id)
