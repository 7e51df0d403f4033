"""The networks that a new cloud begins with."""

import logging

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.conf import CONF
from nova_lite.network import exceptions
from nova_lite.network.listing import Ask
from nova_lite.network.planes.capabilities import Capability, plane_capabilities

LOG = logging.getLogger(__name__)


class FirstNetworks:
    """:param networks, routers, router_interfaces: the Resources."""

    def __init__(self, networks, routers, router_interfaces):
        self._networks = networks
        self._routers = routers
        self._router_interfaces = router_interfaces

    def ensure(self, project_id, operator_id):
        """Give a project its first network and, where hosts have routers, a router to an external network; a project
        that has a network of the configured name keeps what it has.

        :param operator_id: the project whose external network it is, which is made where there is none yet; None: no
            project has one.
        """
        with db.writer():
            if self._named(project_id, CONF.network.default_name):
                return
            network_id = self._networks.ensure_default(project_id)
            has_routers = operator_id is not None and Capability.ROUTERS in plane_capabilities()
            external_id = self._external(operator_id) if has_routers else None
            if external_id is not None:
                context = contexts.admin()
                router = self._routers.create(context, {
                    "project_id": project_id, "name": f"{CONF.network.default_name}-router",
                    "external_gateway_info": {"network_id": external_id}})
                [subnet_id] = self._networks.get(context, network_id)["subnets"]
                self._router_interfaces.add_subnet(context, router, subnet_id)

    def _named(self, project_id, name):
        return self._networks.find(project_id, Ask(filters={"name": [name], "project_id": [project_id]}))

    def _external(self, operator_id):
        """Id of the external network; None: there is none, and no range for one is free."""
        found = self._named(operator_id, CONF.network.external_name)
        if found:
            return found[0]["id"] if found[0]["router:external"] else None
        try:
            return self._networks.add_external(operator_id, CONF.network.external_name)
        except exceptions.InvalidInput as error:
            LOG.warning("This cloud begins without an external network: %s", error)
            return None
