"""Begin to stop, start or reboot a server: claim and record in one transaction, then notify its host."""

from nova_lite.compute.actions.begin import begin_operation


class Power:
    """Each method returns at once.

    :raises InvalidState: the server is busy, or rests in a state from which this cannot begin.
    :raises ServerLocked: a member asks and the server is locked.
    """

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def stop(self, context, server):
        """Ask the guest to shut down, and power it off when it does not."""
        operation_id, host = begin_operation(context, server, "stop_server")
        self._rpc.stop_server(context, host, operation_id)

    def start(self, context, server):
        operation_id, host = begin_operation(context, server, "start_server")
        self._rpc.start_server(context, host, operation_id)

    def reboot(self, context, server):
        """Reboot softly: ask the guest to shut down, and start it again."""
        operation_id, host = begin_operation(context, server, "reboot_server")
        self._rpc.reboot_server(context, host, operation_id)

    def hard_reboot(self, context, server):
        """Reboot hard: cut the power, define the guest anew, start it."""
        operation_id, host = begin_operation(context, server, "hard_reboot_server")
        self._rpc.hard_reboot_server(context, host, operation_id)
