"""Routers: those that a project sees, their ports, and who reaches what by them."""

import sqlalchemy as sa

from nova_lite.common import ipv6
from nova_lite.db import visibility
from nova_lite.db.models.networks import FixedIp, Network, Port, Subnet
from nova_lite.db.models.routers import Router, RouterPort
from nova_lite.db.network import paging, sharing

#: device_owner of ports, and port_type of a RouterPort.
INTERFACE, GATEWAY = "network:router_interface", "network:router_gateway"
_ROUTERS, _ROUTER_PORTS, _PORTS, _IPS, _SUBNETS, _NETWORKS = (
    each.__table__ for each in (Router, RouterPort, Port, FixedIp, Subnet, Network))
_PORTS_OF_ROUTERS = _ROUTER_PORTS.join(_PORTS, _PORTS.c.id == _ROUTER_PORTS.c.port_id)
_OF_GATEWAYS = sa.select(
    _ROUTER_PORTS.c.router_id, _PORTS.c.id, _PORTS.c.network_id, _NETWORKS.c.qos_policy_id, _IPS.c.subnet_id,
    _IPS.c.ip).select_from(_PORTS_OF_ROUTERS.join(_NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id)
                           .outerjoin(_IPS, _IPS.c.port_id == _PORTS.c.id)).where(
    _ROUTER_PORTS.c.port_type == GATEWAY).order_by(_IPS.c.id)


def routers(session, project_id, page=paging.WHOLE):
    """Those of the project, each with ``gateway``: {"port_id", "network_id", "qos_network_policy_id" (its
    network's), "fixed_ips"} or None."""
    asked = sa.select(_ROUTERS).where(*visibility.of_project(_ROUTERS.c.project_id, project_id))
    found = paging.page_of(session, asked, _ROUTERS, page)
    owned = paging.grouped(session, _OF_GATEWAYS, found)
    return [each | {"gateway": _gateway(owned.get(each["id"], ()))} for each in found]


def _gateway(rows):
    if not rows:
        return None
    return {"port_id": rows[0].id, "network_id": rows[0].network_id, "qos_network_policy_id": rows[0].qos_policy_id,
            "fixed_ips": [
        {"subnet_id": row.subnet_id, "ip_address": row.ip} for row in rows if row.ip is not None]}


def add_port(session, router_id, port_id, port_type):
    session.execute(sa.insert(_ROUTER_PORTS).values(router_id=router_id, port_id=port_id, port_type=port_type))


def ports(session, router_ids):
    """Rows of id (a port's), router_id, port_type, network_id, mac_address, admin_state_up, and its network's mtu and
    physical_network, in order.
    """
    return session.execute(
        sa.select(_ROUTER_PORTS.c.router_id, _ROUTER_PORTS.c.port_type, _PORTS.c.id, _PORTS.c.network_id,
                  _PORTS.c.mac_address, _PORTS.c.admin_state_up, _NETWORKS.c.mtu, _NETWORKS.c.physical_network)
        .select_from(_PORTS_OF_ROUTERS.join(_NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id))
        .where(_ROUTER_PORTS.c.router_id.in_(router_ids)).order_by(_PORTS.c.id)).all()


def addresses(session, router_ids):
    """Rows of port_id, port_type, network_id, ip, subnet_id, cidr, gateway_ip and host_access of routers' ports.

    Hosts reach external networks of everyone, which administrators alone can make.  Others' ranges may be anything,
    also what the hosts need themselves.
    """
    return session.execute(
        sa.select(_IPS.c.port_id, _ROUTER_PORTS.c.port_type, _PORTS.c.network_id, _IPS.c.ip, _IPS.c.subnet_id,
                  _SUBNETS.c.cidr, _SUBNETS.c.gateway_ip,
                  sharing.is_external_to_all(_PORTS.c.network_id).label("host_access"))
        .select_from(_PORTS_OF_ROUTERS.join(_IPS, _IPS.c.port_id == _PORTS.c.id)
                     .join(_SUBNETS, _SUBNETS.c.id == _IPS.c.subnet_id))
        .where(_ROUTER_PORTS.c.router_id.in_(router_ids)).order_by(_IPS.c.id)).all()


def of_port(session, port_id):
    """(router id, port type) of what is a router's port; None."""
    return session.execute(sa.select(_ROUTER_PORTS.c.router_id, _ROUTER_PORTS.c.port_type).where(
        _ROUTER_PORTS.c.port_id == port_id)).one_or_none()


def routers_of(session, port_ids):
    """Ids of the routers that have some ports."""
    return list(session.scalars(sa.select(_ROUTER_PORTS.c.router_id).where(_ROUTER_PORTS.c.port_id.in_(port_ids))
                                .distinct().order_by(_ROUTER_PORTS.c.router_id))) if port_ids else []


def interfaces_on(session, subnet_id):
    """[(router id, address of its interface)] of a subnet's routers."""
    return session.execute(
        sa.select(_ROUTER_PORTS.c.router_id, _IPS.c.ip).join(_IPS, _IPS.c.port_id == _ROUTER_PORTS.c.port_id)
        .where(_IPS.c.subnet_id == subnet_id, _ROUTER_PORTS.c.port_type == INTERFACE)
        .order_by(_ROUTER_PORTS.c.router_id)).all()


def has_interface(session, subnet_id):
    """Whether an interface of a router has an address of a subnet."""
    return bool(interfaces_on(session, subnet_id))


def rows(session, router_ids):
    """Rows of those of some routers that are there."""
    return session.execute(sa.select(_ROUTERS).where(_ROUTERS.c.id.in_(router_ids)).order_by(_ROUTERS.c.id)).all()


def owner(session, router_id):
    """The id of a router's project; None: there is no such router."""
    return session.scalar(sa.select(_ROUTERS.c.project_id).where(_ROUTERS.c.id == router_id))


def gateways_on(session, network_id):
    """Ids of the projects whose routers have a gateway to a network."""
    return set(session.scalars(
        sa.select(_ROUTERS.c.project_id).select_from(
            _PORTS_OF_ROUTERS.join(_ROUTERS, _ROUTERS.c.id == _ROUTER_PORTS.c.router_id))
        .where(_ROUTER_PORTS.c.port_type == GATEWAY, _PORTS.c.network_id == network_id)))


def on_network(session, network_id):
    """Ids of the routers that have a port on a network."""
    return list(session.scalars(
        sa.select(_ROUTER_PORTS.c.router_id).select_from(_PORTS_OF_ROUTERS).where(_PORTS.c.network_id == network_id)
        .distinct().order_by(_ROUTER_PORTS.c.router_id)))


def with_interfaces(session, network_ids):
    """{network id: ids of the routers with an interface on it}"""
    found = {}
    for network_id, router_id in session.execute(
            sa.select(_PORTS.c.network_id, _ROUTER_PORTS.c.router_id).select_from(_PORTS_OF_ROUTERS)
            .where(_PORTS.c.network_id.in_(network_ids), _ROUTER_PORTS.c.port_type == INTERFACE)
            .distinct().order_by(_ROUTER_PORTS.c.router_id)):
        found.setdefault(network_id, []).append(router_id)
    return found


def gateways_without(session, network_id, ip_version):
    """[(port id, router id)] of the gateways to a network that have no address of an IP version, but automatic ones."""
    automatic = sa.or_(*(sa.func.coalesce(column, "").in_((ipv6.SLAAC, ipv6.STATELESS))
                         for column in (_SUBNETS.c.ipv6_ra_mode, _SUBNETS.c.ipv6_address_mode)))
    addressed = sa.exists().where(_IPS.c.port_id == _PORTS.c.id, _IPS.c.subnet_id == _SUBNETS.c.id,
                                  _SUBNETS.c.ip_version == ip_version, ~automatic)
    return session.execute(
        sa.select(_PORTS.c.id, _ROUTER_PORTS.c.router_id).select_from(_PORTS_OF_ROUTERS).where(
            _PORTS.c.network_id == network_id, _ROUTER_PORTS.c.port_type == GATEWAY,
            ~addressed).order_by(_PORTS.c.id)).all()


def holder(session, subnet_id, ip):
    """The id of the router's port that has an address of a subnet; None."""
    return session.scalar(sa.select(_IPS.c.port_id).join(
        _ROUTER_PORTS, _ROUTER_PORTS.c.port_id == _IPS.c.port_id).where(_IPS.c.subnet_id == subnet_id, _IPS.c.ip == ip))
