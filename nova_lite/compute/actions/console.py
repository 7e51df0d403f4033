"""The serial console's log of a server."""

from nova_lite.common import exceptions

#: The most bytes of the log in one answer, as in Nova.
MAX_BYTES = 102400


class Console:
    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def log(self, context, server, length=None):
        """The last ``length`` lines (None: all that fits MAX_BYTES) of the serial console as text.

        :raises ServerNotReady: it has no host yet, or the host does not answer.
        """
        if server.host is None:
            raise exceptions.ServerNotReady(server_id=server.id)
        try:
            text = self._rpc.get_console_output(context, server.host, server.id, MAX_BYTES)
        except (exceptions.GuestNotFound, exceptions.NoAnswer) as error:
            raise exceptions.ServerNotReady(server_id=server.id) from error
        return text if length is None or length < 0 else _last_lines(text, length)


def _last_lines(text, length):
    return "\n".join(text.split("\n")[-length:]) if length else ""
