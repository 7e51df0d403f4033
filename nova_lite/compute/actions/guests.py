"""What the metadata service needs: the server of a guest that asks, and the password that a guest posts."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import interfaces, server_objects, servers


class Guests:
    def __init__(self, network):
        self._network = network

    def for_metadata(self, network_id, ip):
        """objects.Server that holds an address in a network; None where no server does."""
        server_id = self._network.server_at(network_id, ip)
        if server_id is None:
            return None
        with db.reader() as session:
            return self._load(session, server_id)

    def for_metadata_id(self, server_id, project_id):
        """objects.Server by id, if it is that project's; else None."""
        with db.reader() as session:
            try:
                found = self._load(session, server_id)
            except exceptions.ServerNotFound:
                return None
        return found if found.project_id == project_id else None

    def password(self, server_id):
        """The encrypted password that the guest posted; None where it posted none."""
        with db.reader() as session:
            return servers.guest_password(session, server_id)

    def leave_password(self, server_id, text):
        """Keep the encrypted password ``text`` unless there is one; returns whether it was kept."""
        with db.writer() as session:
            return servers.leave_password(session, server_id, text)

    @staticmethod
    def _load(session, server_id):
        row = server_objects.row(session, server_id)
        return server_objects.build(row, interfaces.nics(session, [server_id]).get(server_id, []))
