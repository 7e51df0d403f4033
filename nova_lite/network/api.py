"""The network facade: what servers need of it, and the resources that its REST API shows."""

from nova_lite.common import service_backends
from nova_lite.conf import CONF


def _embedded():
    from nova_lite.network.embedded import Backend
    return Backend()


_BACKENDS = {"embedded": _embedded}


class API:
    """One backend, chosen by ``[network] backend``, behind words that every backend understands.

    A backend that is not ``embedded`` is asked outside of any transaction: each of its methods refuses to run in one.

    For servers: ``validate(context, requested, count, security_groups)`` says what a new row keeps;
    ``reserve(project_id, requested, min_count, max_count)`` says how many servers' ports are within quota;
    ``attachments`` (ports and addresses of servers that are there) and ``memberships`` (in security groups) change a
    server's ports; so do ``allocate(server)``, ``place(server_id, host)``, ``release(server_id)`` and
    ``rename(server_id)`` (its hostname is another), which only the embedded backend has.
    ``describe(server_ids)`` says what these are, and compute keeps that in ``interfaces``.  The embedded backend joins
    the transaction that its caller has open, and pushes each change to compute in it.

    What operations change: ``verbs``, as the ledger asks for them, with the arguments and results of
    network.embedded.server_ports.verbs; where a service is not embedded, a result has "server_network", all the
    server's NICs as ServerNetwork.to_dict(), besides.  ``embedded`` says whether these join its transaction,
    ``timeout`` how many seconds a request to a service that is not may take.

    ``marked()`` says what a service that is not embedded has by markers of the ledger: {marker: [ids of ports]}.

    For hosts: ``desired_state`` (``changes``, ``report``, ``report_ports``), which the conductor asks in their name.

    For the REST API: ``networks``, ``address_scopes``, ``subnet_pools``, ``subnets``, ``ports``, ``port_bindings``,
    ``address_groups``, ``security_groups``, ``security_group_rules``, ``default_security_group_rules``,
    ``rbac_policies``, ``routers``, ``router_interfaces``, ``floating_ips``, ``port_forwardings``, ``auto_topologies``,
    ``segments``, ``trunks``, ``qos_policies``, ``qos_rules``, ``ip_availability``, ``agents``, ``service_providers``,
    ``quotas``.
    """

    def __init__(self, backend=None):
        backend = backend or service_backends.make("network", CONF.network.backend, _BACKENDS)
        self.networks = backend.networks
        self.address_scopes = backend.address_scopes
        self.subnet_pools = backend.subnet_pools
        self.subnets = backend.subnets
        self.ports = backend.ports
        self.port_bindings = backend.port_bindings
        self.address_groups = backend.address_groups
        self.default_security_group_rules = backend.default_security_group_rules
        self.security_groups = backend.security_groups
        self.security_group_rules = backend.security_group_rules
        self.routers = backend.routers
        self.router_interfaces = backend.router_interfaces
        self.floating_ips = backend.floating_ips
        self.port_forwardings = backend.port_forwardings
        self.auto_topologies = backend.auto_topologies
        self.segments = backend.segments
        self.trunks = backend.trunks
        self.qos_policies = backend.qos_policies
        self.qos_rules = backend.qos_rules
        self.rbac_policies = backend.rbac_policies
        self.ip_availability = backend.ip_availability
        self.agents = backend.agents
        self.service_providers = backend.service_providers
        self.quotas = backend.quotas
        self.embedded = backend.embedded
        self.timeout = backend.timeout
        self.verbs = backend.verbs
        self.validate = backend.requests.validate
        self.reserve = backend.requests.reserve
        self.describe = backend.servers.describe
        if backend.embedded:
            self.allocate, self.place = backend.servers.allocate, backend.servers.place
            self.rename, self.release = backend.servers.rename, backend.servers.release
        self.server_at = backend.servers.server_at
        self.marked = None if backend.embedded else backend.servers.marked
        #: What the data plane can do, planes.capabilities.Capability each.
        self.capabilities = backend.capabilities
        self.attachments = backend.attachments
        self.memberships = backend.memberships
        self.desired_state = backend.desired_state
        #: ensure_default_network(project_id) -> network id
        self.ensure_default_network = backend.networks.ensure_default
        #: ensure_first_networks(project_id, operator_id); as embedded.first_networks.FirstNetworks.ensure
        self.ensure_first_networks = backend.ensure_first_networks
