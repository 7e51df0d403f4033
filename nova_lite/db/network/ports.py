"""Ports: those that a project sees, how many it uses, and new ones."""

import sqlalchemy as sa

from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db.models.networks import FixedIp, Network, Port, PortBinding, PortSecurityGroup
from nova_lite.db.models.servers import Server
from nova_lite.db.network import (
    addresses,
    group_scopes,
    host_scopes,
    paging,
    port_bindings,
    qos,
    rows,
    security_groups,
    trunks,
)
from nova_lite.db.rows import attempt
from nova_lite.objects.states import Vm

_NETWORKS = Network.__table__
_PORTS = Port.__table__
_BINDINGS = PortBinding.__table__
_IPS = FixedIp.__table__
_MEMBERS = PortSecurityGroup.__table__
_SERVERS = Server.__table__
#: Of a port's server.
_HOSTNAME = sa.select(_SERVERS.c.hostname).where(_SERVERS.c.id == _PORTS.c.server_id).correlate(
    _PORTS).scalar_subquery().label("server_hostname")
_ALL_IPS = sa.select(_IPS.c.port_id, _IPS.c.subnet_id, _IPS.c.ip).order_by(_IPS.c.id)
_ALL_MEMBERS = sa.select(_MEMBERS.c.port_id, _MEMBERS.c.security_group_id)


def ports(session, project_id, page=paging.WHOLE):
    """Those of the project and those on its networks, each with ``fixed_ips`` [{"subnet_id", "ip_address"}],
    ``security_groups`` [id], ``status``, ``server_hostname`` (its server's; None), ``qos_network_policy_id`` (its
    network's), of its active binding ``host``, ``vif_type``, ``vnic_type``, ``binding_profile``, ``vif_details``, and
    of trunks ``trunk_id`` (that it is the parent of; None), ``trunk_ports`` (the sub-ports of that, dicts of
    trunks.COLUMNS) and ``subport_of`` (a trunk's id; None).
    """
    asked = sa.select(_PORTS, port_bindings.STATUS, *port_bindings.SHOWN, _HOSTNAME, qos.OF_NETWORK, trunks.TRUNK_ID,
                      trunks.SUBPORT_OF).select_from(
        _PORTS.outerjoin(_BINDINGS, port_bindings.IS_SHOWN))
    if project_id is not ALL:
        own = sa.false() if project_id == NO_PROJECT else _PORTS.c.project_id == project_id
        asked = asked.where(sa.or_(own, _PORTS.c.network_id.in_(
            sa.select(_NETWORKS.c.id).where(_NETWORKS.c.project_id == project_id))))
    found = paging.page_of(session, asked, _PORTS, page)
    ips, groups = paging.grouped(session, _ALL_IPS, found), paging.grouped(session, _ALL_MEMBERS, found)
    carried = trunks.subports(session, [each["trunk_id"] for each in found if each["trunk_id"]])
    for each in found:
        each["trunk_ports"] = carried.get(each["trunk_id"], [])
        each["fixed_ips"] = [{"subnet_id": row.subnet_id, "ip_address": row.ip} for row in ips.get(each["id"], ())]
        each["security_groups"] = [row.security_group_id for row in groups.get(each["id"], ())]
    return found


def ports_used(session, project_id):
    """How many ports a project has, and its servers that are being built are going to have."""
    building = session.execute(sa.select(_SERVERS.c.requested_networks).where(
        _SERVERS.c.project_id == project_id, _SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.deleted_at.is_(None)))
    promised = sum(not each.get("port") for row in building for each in row.requested_networks)
    made = session.scalar(
        sa.select(sa.func.count()).select_from(_PORTS.join(_SERVERS, _SERVERS.c.id == _PORTS.c.server_id)).where(
            _SERVERS.c.project_id == project_id, _SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.deleted_at.is_(None),
            _PORTS.c.made_for_server))
    return rows.count(session, Port, project_id) + promised - made


def ports_on(session, *, network_id=None, subnet_id=None, group_id=None):
    """Ids of ports that keep a network, a subnet or a security group from being deleted."""
    if network_id is not None:
        return list(session.scalars(sa.select(_PORTS.c.id).where(_PORTS.c.network_id == network_id)))
    if subnet_id is not None:
        return list(session.scalars(sa.select(_IPS.c.port_id).where(_IPS.c.subnet_id == subnet_id)))
    return list(session.scalars(sa.select(_MEMBERS.c.port_id).where(_MEMBERS.c.security_group_id == group_id)))


def dns_name(session, port_id):
    """The name that a port's owner gave it; "" or None: none."""
    return session.scalar(sa.select(_PORTS.c.dns_name).where(_PORTS.c.id == port_id))


def mac_taken(session, network_id, mac):
    asked = sa.select(_PORTS.c.id).where(_PORTS.c.network_id == network_id, _PORTS.c.mac_address == mac)
    return session.scalar(asked) is not None


def try_port(session, port, binding, ips, group_ids):
    """Write a port with its addresses and groups; False, and nothing written, where another has its MAC or address.

    :param binding: (host, profile).  :param ips: [(subnet id, ip)].
    """
    with attempt(session) as tried:
        session.execute(sa.insert(_PORTS).values(**port))
        port_bindings.add(session, port["id"], *binding)
        addresses.add_ips(session, port["id"], ips)
        security_groups.add_groups(session, port["id"], group_ids)
    if not tried.refused:
        group_scopes.joined(session, port["id"], group_ids)
        if port.get("server_id"):
            host_scopes.changed(session, binding[0], [port["id"]])
    return not tried.refused


def delete(session, port_id):
    """Delete a port that no server has."""
    group_scopes.going(session, _PORTS.c.id == port_id)
    rows.try_delete(session, Port, port_id)
