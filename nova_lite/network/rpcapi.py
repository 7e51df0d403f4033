"""The client side of the network agents' RPC API."""

from nova_lite.common import rpc

TOPIC = "network"
VERSION = "2.0"


class NetworkAgentAPI:
    """Casts to hosts; one method here is one method of ``agent.Endpoint``."""

    def __init__(self):
        self._client = rpc.client(TOPIC, VERSION)

    def desired_state_changed(self, context, host, scopes):
        """Notify a host that scopes (their names) which it follows have new revisions."""
        self._client.to(host).cast(context, "desired_state_changed", scopes=scopes)
