"""Begin to pause, unpause, suspend or resume a server."""

from nova_lite.compute.actions.begun import begun


class Pause:
    """Each method returns at once.

    :raises InvalidState: the server is busy, or rests in a state from which this cannot begin.
    :raises ServerLocked: a member asks and the server is locked.
    """

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def pause(self, context, server):
        """The guest's processors are held."""
        operation_id, host = begun(context, server, "pause")
        self._rpc.pause_server(context, host, operation_id)

    def unpause(self, context, server):
        operation_id, host = begun(context, server, "unpause")
        self._rpc.unpause_server(context, host, operation_id)

    def suspend(self, context, server):
        """The guest's memory goes to disk, and the guest off."""
        operation_id, host = begun(context, server, "suspend")
        self._rpc.suspend_server(context, host, operation_id)

    def resume(self, context, server):
        operation_id, host = begun(context, server, "resume")
        self._rpc.resume_server(context, host, operation_id)
