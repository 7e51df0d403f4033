"""Add and remove security groups of servers; the change is made when the method returns."""

from nova_lite.compute.actions import network_info


class SecurityGroups:
    """:param network: the network facade; its part ``memberships`` says what is refused."""

    def __init__(self, network):
        self._network = network

    def add(self, context, server, name):
        """Add the group of this name or id to every port of the server."""
        self._network.memberships.join(context, server.id, name)
        self._show(server)

    def remove(self, context, server, name):
        """Remove the group from every port of the server."""
        self._network.memberships.leave(context, server.id, name)
        self._show(server)

    def _show(self, server):
        if not self._network.embedded:      # which has refreshed it in its transaction
            network_info.refresh(self._network, [server.id])
