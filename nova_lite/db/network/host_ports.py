"""What hosts get of the ports that they have, and of the networks of these."""

import sqlalchemy as sa

from nova_lite.db.models.networks import FixedIp, Network, Port, PortBinding, Subnet
from nova_lite.db.models.servers import Server
from nova_lite.db.network.server_ports import addresses_of, nics_of

_BINDINGS, _IPS, _NETWORKS, _PORTS, _SUBNETS, _SERVERS = (
    each.__table__ for each in (PortBinding, FixedIp, Network, Port, Subnet, Server))


def on(session, host, port_ids):
    """As ``server_ports.nics``, of those of some ports that are on ``host``, with hostname and server_project of their
    servers.
    """
    bound = sa.select(_BINDINGS.c.port_id).where(_BINDINGS.c.host == host, _BINDINGS.c.port_id.in_(port_ids))
    ports = session.execute(
        nics_of(_SERVERS.c.hostname, _SERVERS.c.project_id.label("server_project"))
        .join(_SERVERS, _SERVERS.c.id == _PORTS.c.server_id).where(_PORTS.c.id.in_(bound)).order_by(_PORTS.c.id)).all()
    found = {}
    for row in session.execute(addresses_of(port_ids)) if ports else ():
        found.setdefault(row.port_id, []).append(row)
    return ports, found


def with_subnets(session, network_ids):
    """(networks: id, revision, mtu, admin_state_up; {network id: its subnets}) of those of some networks there."""
    found = session.execute(sa.select(_NETWORKS.c.id, _NETWORKS.c.revision, _NETWORKS.c.mtu, _NETWORKS.c.admin_state_up)
                            .where(_NETWORKS.c.id.in_(network_ids)).order_by(_NETWORKS.c.id)).all()
    subnets = {}
    for row in session.execute(sa.select(_SUBNETS).where(_SUBNETS.c.network_id.in_(network_ids))
                               .order_by(_SUBNETS.c.id)):
        subnets.setdefault(row.network_id, []).append(row)
    return found, subnets


def networks(session, network_ids):
    """Ids of those of some networks that are there."""
    return list(session.scalars(sa.select(_NETWORKS.c.id).where(_NETWORKS.c.id.in_(sorted(network_ids)))))


def hosts_of(session, network_id):
    """Names of the hosts that have ports of a network."""
    return list(session.scalars(
        sa.select(_BINDINGS.c.host).join(_PORTS, _PORTS.c.id == _BINDINGS.c.port_id)
        .where(_PORTS.c.network_id == network_id, _PORTS.c.server_id.is_not(None), _BINDINGS.c.host != "")
        .distinct().order_by(_BINDINGS.c.host)))
