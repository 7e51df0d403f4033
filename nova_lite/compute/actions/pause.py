"""Begin to pause, unpause, suspend or resume a server."""

from nova_lite.compute.actions.begin import begin_operation


class Pause:
    """Each method returns at once.

    :raises InvalidState: the server is busy, or rests in a state from which this cannot begin.
    :raises ServerLocked: a member asks and the server is locked.
    """

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def pause(self, context, server):
        """Stop the guest's processors."""
        operation_id, host = begin_operation(context, server, "pause_server")
        self._rpc.pause_server(context, host, operation_id)

    def unpause(self, context, server):
        operation_id, host = begin_operation(context, server, "unpause_server")
        self._rpc.unpause_server(context, host, operation_id)

    def suspend(self, context, server):
        """Save the guest's memory to disk and power it off."""
        operation_id, host = begin_operation(context, server, "suspend_server")
        self._rpc.suspend_server(context, host, operation_id)

    def resume(self, context, server):
        operation_id, host = begin_operation(context, server, "resume_server")
        self._rpc.resume_server(context, host, operation_id)
