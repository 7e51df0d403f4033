"""Networks: create, change, delete, and the one that a project gets without asking."""

import ipaddress

from nova_lite import db
from nova_lite.common import routes
from nova_lite.conf import CONF
from nova_lite.db import networks as queries
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network, Subnet
from nova_lite.network import exceptions
from nova_lite.network.embedded import addressing, summary
from nova_lite.network.embedded.room import Room
from nova_lite.network.listing import Ask


class Networks(Room):
    """Dicts as the columns of the model, and ``subnets``: ids."""

    resource = "network"
    query = staticmethod(queries.networks)
    model = Network

    @staticmethod
    def missing(network_id):
        return exceptions.NetworkNotFound(network_id=network_id)

    def create(self, context, values):
        """:param values: project_id, and name, description, mtu (None: as configured), shared."""
        with db.writer() as session:
            self.check_quota(session, values["project_id"])
            network_id = self.add(session, values)
            return self.load(session, None, network_id)

    def add(self, session, values):
        values = {"id": new_id(), **values, "mtu": values.get("mtu") or CONF.network.mtu}
        queries.insert(session, Network, values)
        return values["id"]

    def update(self, context, network, values):
        """:param network: as ``get`` gave it.  A new name shows in the addresses of the network's servers at once."""
        renamed, changed = values.get("name", network["name"]) != network["name"], None
        while changed is None:
            with db.writer() as session:
                shown_by = () if not renamed else summary.shown_by(session, Network, network["id"],
                                                                   network_id=network["id"])
                if shown_by is not None:
                    queries.update(session, Network, network["id"], values)
                    for server_id in shown_by:
                        summary.write(session, server_id)
                    changed = self.load(session, None, network["id"])
        return changed

    def delete(self, context, network):
        """:raises NetworkInUse: a port is left.  Subnets go with it."""
        with db.writer() as session:
            ports = queries.ports_on(session, network_id=network["id"])
            if ports or not queries.try_delete(session, Network, network["id"]):
                raise exceptions.NetworkInUse(network_id=network["id"], ports=",".join(ports))

    def ensure_default(self, project_id):
        """Make sure that a project has the configured default network; returns its id."""
        wanted = Ask(filters={"name": [CONF.network.default_name], "project_id": [project_id]})
        with db.writer() as session:
            found = self.find(session, project_id, wanted)
            return found[0]["id"] if found else self.add_default(session, project_id, CONF.network.default_name)

    def add_default(self, session, project_id, name):
        """A network with one subnet in the first configured range that is free.  :raises InvalidInput: none is."""
        cidr = _free_range(routes.present(), [ipaddress.ip_network(each) for each in queries.cidrs(session)])
        network_id = self.add(session, {"project_id": project_id, "name": name})
        gateway, pools = addressing.layout(cidr)
        queries.insert(session, Subnet, {
            "id": new_id(), "network_id": network_id, "project_id": project_id, "name": f"{name}-subnet",
            "cidr": str(cidr), "gateway_ip": gateway, "allocation_pools": pools, "dns_nameservers": []})
        return network_id


def _free_range(reached, used):
    """The first configured range that no route of this host reaches and, if possible, no other subnet has."""
    ranges = [ipaddress.ip_network(each) for each in CONF.network.default_ranges]
    free = [each for each in ranges if not any(each.overlaps(route) for route in reached)]
    if not free:
        raise exceptions.InvalidInput(
            detail=f"every range of [network] default_ranges ({', '.join(map(str, ranges))}) overlaps a route of this "
                   f"host. Configure one that is free.")
    return next((each for each in free if not any(each.overlaps(other) for other in used)), free[0])
