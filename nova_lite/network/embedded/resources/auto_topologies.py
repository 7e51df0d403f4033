"""A network for a project that wants any: with a subnet of each default pool, behind a router to the default external
network.
"""

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exceptions as common
from nova_lite.common.visibility import ALL
from nova_lite.db import quotas
from nova_lite.db.network import auto_topologies as topology_queries
from nova_lite.db.network import subnet_pools as pool_queries
from nova_lite.network import router_exceptions
from nova_lite.network.listing import Ask
from nova_lite.network.pool_exceptions import SubnetAllocationError

NETWORK = "auto_allocated_network"
_VERSIONS = (4, 6)


class AutoTopologies:
    """:param networks, subnets, routers, router_interfaces: the Resources."""

    def __init__(self, networks, subnets, routers, router_interfaces):
        self._networks, self._subnets = networks, subnets
        self._routers, self._interfaces = routers, router_interfaces

    def validate(self):
        """:raises AutoAllocationFailure: as ``ensure``."""
        with db.reader() as session:
            _defaults(session)

    def is_possible(self):
        try:
            self.validate()
        except router_exceptions.AutoAllocationFailure:
            return False
        return True

    def ensure(self, project_id):
        """The id of the project's network, which is made where it has none yet.

        :raises AutoAllocationFailure: it cannot be made.  :raises OverQuota: it is too much for the project.
        """
        with db.writer() as session:
            quotas.lock(session, project_id)        # of several who ask at once, one makes it
            present = topology_queries.of_project(session, project_id)
            if present is not None:
                return present.network_id
            external, pools = _defaults(session)
            network_id, subnets = self._private(project_id, pools)
            router_id = self._router(project_id, external, subnets)
            topology_queries.add(session, project_id, network_id, router_id)
            return network_id

    def _private(self, project_id, pools):
        context = contexts.admin()
        network = self._networks.create(context, {"project_id": project_id, "name": NETWORK})
        try:
            return network["id"], [self._subnets.create(context, {
                "project_id": project_id, "network_id": network["id"], "name": f"auto_allocated_subnet_v{version}",
                "ip_version": version, "subnetpool_id": pool})["id"] for version, pool in pools.items()]
        except (common.BadRequest, common.NotFound, SubnetAllocationError) as error:
            raise router_exceptions.AutoAllocationFailure(
                reason="Unable to provide project private network") from error

    def _router(self, project_id, external, subnets):
        context = contexts.admin()
        try:
            router = self._routers.create(context, {"project_id": project_id, "name": "auto_allocated_router",
                                                    "external_gateway_info": {"network_id": external}})
            for each in subnets:
                self._interfaces.add_subnet(context, router, each)
        except common.BadRequest as error:
            raise router_exceptions.AutoAllocationFailure(
                reason="Unable to provide external connectivity") from error
        return router["id"]

    def delete(self, project_id):
        """Delete the network and the router of a project, where it was given any.

        :raises Conflict: something is still on them, and nothing is deleted.
        """
        context = contexts.admin()
        with db.writer() as session:
            quotas.lock(session, project_id)
            present = topology_queries.of_project(session, project_id)
            if present is None:
                return
            network = self._networks.load(ALL, present.network_id)
            if present.router_id is not None:
                router = self._routers.load(ALL, present.router_id)
                for each in self._subnets.find(ALL, Ask({"network_id": [network["id"]]})):
                    self._interfaces.remove(context, router, subnet_id=each["id"])
                self._routers.delete(context, router)
            self._networks.delete(context, network)


def _defaults(session):
    """The ids of the default external network, and of the default pool of each IP version that has one.

    :raises AutoAllocationFailure: there is no such network, or no pool.
    """
    external = topology_queries.default_external(session)
    if external is None:
        raise router_exceptions.AutoAllocationFailure(reason="No default router:external network")
    pools = {version: pool_queries.default_pool(session, version) for version in _VERSIONS}
    pools = {version: each for version, each in pools.items() if each is not None}
    if not pools:
        raise router_exceptions.AutoAllocationFailure(reason="No default subnetpools defined")
    return external, pools
