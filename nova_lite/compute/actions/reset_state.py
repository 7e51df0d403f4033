"""Reset the state of a server; operations on it are cancelled."""

from nova_lite import db
from nova_lite.compute.actions import interfaces, snapshot
from nova_lite.db import locks, operations, server_moves, server_objects, servers
from nova_lite.objects.states import RESET_STATE


class ResetState:
    def __init__(self, image, network):
        self._image = image
        self._network = network

    def reset(self, context, server, vm_state):
        """The server rests in ``vm_state`` (states.Vm) from now on; what its host really runs is taken over later.

        :raises ServerNotFound: the server was deleted meanwhile.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            snapshot.take_back(session, server.id, self._image)
            interfaces.take_back(session, server.id, self._network)
            interfaces.place_where_it_is(session, server_objects.row(session, server.id), self._network)
            operations.cancel_open(session, server.id, f"Cancelled by resetState (request {context.request_id}).")
            servers.update(session, server.id, vm_state=vm_state, task_state=None)
            operations.record_ended(session, context, RESET_STATE, server)
            server_moves.give_up(session, server.id)
