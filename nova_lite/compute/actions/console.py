"""What a server's guest printed."""

from nova_lite.common import exception

#: Nova's bound: the end of the log that one answer holds.
MAX_BYTES = 102400


class Console:
    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def log(self, context, server, length=None):
        """The last ``length`` lines (None: all that fits MAX_BYTES) of the serial console as text.

        :raises ServerNotReady: it has no host yet, or the host does not answer.
        """
        if server.host is None:
            raise exception.ServerNotReady(server_id=server.id)
        try:
            text = self._rpc.get_console_output(context, server.host, server.id, MAX_BYTES)
        except (exception.GuestNotFound, exception.NoAnswer) as error:
            raise exception.ServerNotReady(server_id=server.id) from error
        return text if length is None or length < 0 else _last_lines(text, length)


def _last_lines(text, length):
    return "\n".join(text.split("\n")[-length:]) if length else ""
