"""What the scheduler can be asked."""

from nova_lite.common import rpc

TOPIC = "scheduler"
VERSION = "2.0"
_TIMEOUT = 10      # seconds; it is a short transaction, and may be asked again


class SchedulerAPI:
    def __init__(self):
        self._client = rpc.client(TOPIC, VERSION).to(timeout=_TIMEOUT)

    def select_destinations(self, context, operation_id, attempt):
        """Choose a host for the server that this operation builds, and claim it there; answer the host's name.

        :raises NoValidHost: with why, in words for the user.  :raises Fenced: another attempt leads the operation.
        """
        return self._client.call(context, "select_destinations", operation_id=operation_id, attempt=attempt)

    def check_image(self, context, operation_id, attempt):
        """Whether the host of this operation's server may run the image that the server has by now; answer its name.

        :raises NoValidHost, Fenced: as above.
        """
        return self._client.call(context, "check_image", operation_id=operation_id, attempt=attempt)
