"""Begin to stop, start or reboot a server: claim and record in one transaction, then ring its host's bell."""

from nova_lite.compute.actions.begun import begun


class Power:
    """Each method returns at once.

    :raises InvalidState: the server is busy, or rests in a state from which this cannot begin.
    :raises ServerLocked: a member asks and the server is locked.
    """

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def stop(self, context, server):
        """The guest is asked to shut down, and powered off when it does not."""
        operation_id, host = begun(context, server, "stop")
        self._rpc.stop_server(context, host, operation_id)

    def start(self, context, server):
        operation_id, host = begun(context, server, "start")
        self._rpc.start_server(context, host, operation_id)

    def reboot(self, context, server):
        """A soft reboot: the guest shuts itself down and starts again."""
        operation_id, host = begun(context, server, "reboot")
        self._rpc.reboot_server(context, host, operation_id)

    def reset(self, context, server):
        """A hard reboot: power cut, guest defined anew, power on."""
        operation_id, host = begun(context, server, "reboot_hard")
        self._rpc.reset_server(context, host, operation_id)
