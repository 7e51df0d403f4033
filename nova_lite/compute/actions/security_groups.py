"""Servers join and leave security groups; no host takes part, so it is done when it is answered."""

from nova_lite import db


class SecurityGroups:
    """:param network: the network facade; its room ``memberships`` says what is refused."""

    def __init__(self, network):
        self._network = network

    def add(self, context, server, name):
        """Every port of the server joins the group of that name or id."""
        with db.writer() as session:
            self._network.memberships.join(session, context, server.id, name)

    def remove(self, context, server, name):
        """Every port of the server leaves it."""
        with db.writer() as session:
            self._network.memberships.leave(session, context, server.id, name)
