"""Floating IPs: those that a project sees, and what they stand for."""

import sqlalchemy as sa

from nova_lite.db import visibility
from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.networks import FixedIp, Network, Port
from nova_lite.db.models.routers import RouterPort
from nova_lite.db.network import paging, port_bindings, port_forwardings, rows, subnets
from nova_lite.db.network.routers import GATEWAY, INTERFACE
from nova_lite.db.rows import attempt

#: device_owner of the ports that keep floating addresses.
OWNER = "network:floatingip"
_FLOATING, _PORTS, _IPS, _ROUTER_PORTS = (each.__table__ for each in (FloatingIp, Port, FixedIp, RouterPort))
#: The policy of its network.
_OF_NETWORK = sa.select(Network.__table__.c.qos_policy_id).where(
    Network.__table__.c.id == _FLOATING.c.floating_network_id).correlate(_FLOATING).scalar_subquery().label(
    "qos_network_policy_id")
_NOTHING = {"fixed_port_id": None, "fixed_ip_address": None, "router_id": None}


def floating_ips(session, project_id, page=paging.WHOLE):
    """Those of the project, each with ``port``: what is shown of the port that it stands for, or None, and
    ``port_forwardings``: dicts, and ``qos_network_policy_id``.
    """
    asked = sa.select(_FLOATING, _OF_NETWORK).where(*visibility.of_project(_FLOATING.c.project_id, project_id))
    found = paging.page_of(session, asked, _FLOATING, page)
    ids = {each["fixed_port_id"] for each in found if each["fixed_port_id"]}
    shown = {row.id: row for row in session.execute(
        sa.select(_PORTS.c.id, _PORTS.c.name, _PORTS.c.network_id, _PORTS.c.mac_address, _PORTS.c.admin_state_up,
                  port_bindings.STATUS,
                  sa.func.coalesce(_PORTS.c.server_id, _PORTS.c.device_id).label("device_id"), _PORTS.c.device_owner)
        .select_from(_PORTS.outerjoin(port_bindings.TABLE, port_bindings.IS_ACTIVE))
        .where(_PORTS.c.id.in_(ids)))} if ids else {}
    forwarded = port_forwardings.of_floating_ips(session, [each["id"] for each in found])
    return [each | {"port": shown.get(each["fixed_port_id"]), "port_forwardings": forwarded.get(each["id"], [])}
            for each in found]


def try_new(session, values):
    """Write one; False, and nothing written, where another of its network stands for that address."""
    with attempt(session) as tried:
        rows.insert(session, FloatingIp, values)
    return not tried.refused


def try_change(session, floating_ip_id, values):
    """Change what one stands for; False, and nothing written, as ``try_new``."""
    with attempt(session) as tried:
        rows.update(session, FloatingIp, floating_ip_id, values)
    return not tried.refused


def of_ports(session, port_ids):
    """Rows of those that stand for addresses of some ports."""
    return session.execute(sa.select(_FLOATING).where(_FLOATING.c.fixed_port_id.in_(port_ids))
                           .order_by(_FLOATING.c.id)).all() if port_ids else []


def of_router(session, router_ids, *which):
    """Rows of those that some routers translate.  :param which: more conditions."""
    return session.execute(sa.select(_FLOATING, _PORTS.c.mac_address).join(
        _PORTS, _PORTS.c.id == _FLOATING.c.floating_port_id).where(_FLOATING.c.router_id.in_(router_ids), *which)
        .order_by(_FLOATING.c.id)).all()


def by_ids(session, floating_ip_ids):
    """As ``of_router``, of some floating IPs that stand for something."""
    return session.execute(sa.select(_FLOATING, _PORTS.c.mac_address).join(
        _PORTS, _PORTS.c.id == _FLOATING.c.floating_port_id).where(
        _FLOATING.c.id.in_(floating_ip_ids), _FLOATING.c.router_id.is_not(None))).all()


def disassociate(session, floating_ip_id):
    rows.update(session, FloatingIp, floating_ip_id, _NOTHING)


def router_of(session, floating_ip_id):
    return session.scalar(sa.select(_FLOATING.c.router_id).where(_FLOATING.c.id == floating_ip_id))


def kept_by(session, port_id):
    """The id of the floating IP whose address a port keeps; None."""
    return session.scalar(sa.select(_FLOATING.c.id).where(_FLOATING.c.floating_port_id == port_id))


def idle(session, network_id):
    """[(id, floating_port_id)] of those of a network that stand for nothing."""
    return session.execute(sa.select(_FLOATING.c.id, _FLOATING.c.floating_port_id).where(
        _FLOATING.c.floating_network_id == network_id, _FLOATING.c.router_id.is_(None)).order_by(_FLOATING.c.id)).all()


def needs_subnet(session, router_id, subnet_id):
    """Whether a router translates a floating IP, or ports of one, to an address of a subnet."""
    found = session.scalar(sa.select(_FLOATING.c.id).join(_IPS, sa.and_(
        _IPS.c.port_id == _FLOATING.c.fixed_port_id, _IPS.c.ip == _FLOATING.c.fixed_ip_address)).where(
        _FLOATING.c.router_id == router_id, _IPS.c.subnet_id == subnet_id).limit(1))
    return found is not None or port_forwardings.leads_into(
        session, sa.select(_FLOATING.c.id).where(_FLOATING.c.router_id == router_id), subnet_id)


def routers_between(session, subnet_id, network_id):
    """[(router id, address of its interface)] of those that connect a subnet with an external network."""
    gateways, gateway_ports = _ROUTER_PORTS.alias(), _PORTS.alias()
    return session.execute(
        sa.select(_ROUTER_PORTS.c.router_id, _IPS.c.ip).select_from(
            _ROUTER_PORTS.join(_IPS, _IPS.c.port_id == _ROUTER_PORTS.c.port_id)
            .join(gateways, gateways.c.router_id == _ROUTER_PORTS.c.router_id)
            .join(gateway_ports, gateway_ports.c.id == gateways.c.port_id))
        .where(_IPS.c.subnet_id == subnet_id, _ROUTER_PORTS.c.port_type == INTERFACE,
               gateways.c.port_type == GATEWAY, gateway_ports.c.network_id == network_id)
        .order_by(_ROUTER_PORTS.c.router_id)).all()


def pools(session, project_id):
    """Subnets (dicts) that floating IPs come from: those of the networks that are external for a project."""
    return subnets.subnets(session, project_id, paging.Page({"external": [True], "ip_version": [4]},
                                                            sort=(("created_at", False),)))
