"""The door to the network service: what servers need of it, and the rooms that its REST API shows."""

from nova_lite.conf import CONF


def _embedded():
    from nova_lite.network.embedded import Backend
    return Backend()


_BACKENDS = {"embedded": _embedded}


class API:
    """One backend, chosen by ``[network] backend``, behind words that every backend understands.

    For servers: ``validate(context, requested, count, security_groups)`` says what a new row keeps;
    ``reserve(session, project_id, requested, min_count, max_count)`` says how many servers' ports are within quota;
    ``allocate(session, server)``, ``nics(session, server_id)``, ``nics_by_server(session, server_ids)``,
    ``place(session, server_id, host)``, ``release(session, server_id)`` and ``port_of(session, network_id, ip)`` keep
    ``addresses`` and ``security_groups`` of the server's row true; so do the rooms ``attachments`` (ports and addresses
    of servers that are there) and ``memberships`` (in security groups).  All these work in the caller's transaction.

    For the REST API: ``networks``, ``subnets``, ``ports``, ``security_groups``, ``security_group_rules``.
    """

    def __init__(self, backend=None):
        backend = backend or _BACKENDS[CONF.network.backend]()
        self.networks = backend.networks
        self.subnets = backend.subnets
        self.ports = backend.ports
        self.security_groups = backend.security_groups
        self.security_group_rules = backend.security_group_rules
        self.validate = backend.requests.validate
        self.reserve = backend.requests.reserve
        self.allocate = backend.servers.allocate
        self.nics = backend.servers.nics
        self.nics_by_server = backend.servers.nics_by_server
        self.told = backend.servers.told
        self.tell = backend.servers.tell
        self.place = backend.servers.place
        self.release = backend.servers.release
        self.port_of = backend.servers.port_of
        self.server_at = backend.servers.server_at
        self.attachments = backend.attachments
        self.memberships = backend.memberships
        #: ensure_default_network(project_id) -> network id
        self.ensure_default_network = backend.networks.ensure_default
