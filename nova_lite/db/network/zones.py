"""The availability zones of networks and routers: those of the hosts that have them."""

import sqlalchemy as sa

from nova_lite.db.models.networks import Port, PortBinding
from nova_lite.db.models.routers import RouterPort
from nova_lite.db.models.servers import ComputeNode
from nova_lite.db.network.routers import INTERFACE

_PORTS, _BINDINGS, _ROUTER_PORTS, _NODES = (each.__table__ for each in (Port, PortBinding, RouterPort, ComputeNode))
_ON_HOSTS = _PORTS.join(_BINDINGS, _BINDINGS.c.port_id == _PORTS.c.id).join(_NODES, _NODES.c.host == _BINDINGS.c.host)


def of_networks(session, network_ids):
    """{network id: set of zones of the hosts with servers' ports on it}; the default zone is None."""
    return _grouped(session, sa.select(_PORTS.c.network_id, _NODES.c.availability_zone).select_from(_ON_HOSTS).where(
        _PORTS.c.network_id.in_(network_ids)))


def of_routers(session, router_ids):
    """The same of routers, which are where servers are on networks with an interface of theirs."""
    interface = _PORTS.alias("interfaces")
    return _grouped(session, sa.select(_ROUTER_PORTS.c.router_id, _NODES.c.availability_zone).select_from(
        _ON_HOSTS.join(interface, interface.c.network_id == _PORTS.c.network_id)
        .join(_ROUTER_PORTS, _ROUTER_PORTS.c.port_id == interface.c.id)).where(
        _ROUTER_PORTS.c.router_id.in_(router_ids), _ROUTER_PORTS.c.port_type == INTERFACE))


def _grouped(session, asked):
    found = {}
    for resource_id, zone in session.execute(asked.where(_PORTS.c.server_id.is_not(None)).distinct()):
        found.setdefault(resource_id, set()).add(zone)
    return found
