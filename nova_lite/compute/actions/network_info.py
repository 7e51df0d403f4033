"""Network information of servers, which compute keeps in tables of its own: read from the network service."""

from nova_lite import db
from nova_lite.db import interfaces
from nova_lite.objects.interface import ServerNetwork


def refresh(network, server_ids):
    """Bring the network information of servers up to date with their ports.

    The service is asked outside of transactions.  Information that was written meanwhile is newer and is kept: for such
    a server the service is asked again.

    :param network: the network facade.
    """
    while server_ids:
        with db.reader() as session:
            versions = interfaces.versions(session, server_ids)
        found = network.describe(sorted(versions))
        with db.writer() as session:
            server_ids = [each for each in sorted(versions) if not interfaces.store(
                session, each, found.get(each, ServerNetwork()), versions[each])]
