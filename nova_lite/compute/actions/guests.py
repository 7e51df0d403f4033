"""Which server asks: what the metadata service must know of a guest, and what the guest tells it."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import server_objects, servers


class Guests:
    def __init__(self, network):
        self._network = network

    def for_metadata(self, network_id, ip):
        """objects.Server that holds an address in a network; None where no server does."""
        with db.reader() as session:
            server_id = self._network.port_of(session, network_id, ip)
            return self._load(session, server_id) if server_id else None

    def for_metadata_id(self, server_id, project_id):
        """objects.Server by id, if it is that project's; else None."""
        with db.reader() as session:
            try:
                found = self._load(session, server_id)
            except exception.ServerNotFound:
                return None
        return found if found.project_id == project_id else None

    def password(self, server_id):
        """What the guest left for its owner; None while it left nothing."""
        with db.reader() as session:
            return servers.guest_password(session, server_id)

    def leave_password(self, server_id, text):
        """Keep it, unless there is one; whether it was kept."""
        with db.writer() as session:
            return servers.leave_password(session, server_id, text)

    def _load(self, session, server_id):
        row = server_objects.row(session, server_id)
        return server_objects.build(row, self._network.nics(session, server_id))
