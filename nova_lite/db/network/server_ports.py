"""Ports of servers: their NICs, and what lists of servers show of their network."""

import functools

import sqlalchemy as sa

from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.networks import FixedIp, Network, Port, Subnet
from nova_lite.db.network import group_scopes, host_scopes, port_bindings, qos, rows, trunks

_NETWORKS = Network.__table__
_SUBNETS = Subnet.__table__
_PORTS = Port.__table__
_IPS = FixedIp.__table__
_FLOATING = FloatingIp.__table__


@functools.cache
def _nics_query():
    return (nics_of()
            .where(_PORTS.c.server_id.in_(sa.bindparam("servers", expanding=True)))
            .order_by(_PORTS.c.server_id, _PORTS.c.nic_index))


def nics_of(*columns):
    """A SELECT of ports with what ``nics`` says of their networks.  :param columns: more of them."""
    return sa.select(_PORTS, _NETWORKS.c.name.label("network_name"), _NETWORKS.c.mtu, _NETWORKS.c.physical_network,
                     _NETWORKS.c.revision.label("network_revision"), qos.EFFECTIVE.label("effective_qos"),
                     *columns).join(
        _NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id)


@functools.cache
def _addresses_query():
    return addresses_of(sa.select(_PORTS.c.id).where(_PORTS.c.server_id.in_(sa.bindparam("servers", expanding=True))))


def addresses_of(ports):
    """A SELECT of addresses with their subnets, and each of the floating IPs that stand for one in a row of its own.

    :param ports: ids, or a SELECT of them.
    """
    return (sa.select(_IPS.c.port_id, _IPS.c.ip, _IPS.c.subnet_id, _SUBNETS.c.cidr, _SUBNETS.c.gateway_ip,
                      _SUBNETS.c.ip_version, _SUBNETS.c.dns_nameservers,
                      sa.and_(_SUBNETS.c.enable_dhcp, _NETWORKS.c.admin_state_up).label("enable_dhcp"),
                      _SUBNETS.c.host_access, _SUBNETS.c.host_routes, _SUBNETS.c.ipv6_ra_mode,
                      _SUBNETS.c.ipv6_address_mode, _FLOATING.c.floating_ip_address)
            .join(_SUBNETS, _SUBNETS.c.id == _IPS.c.subnet_id)
            .join(_NETWORKS, _NETWORKS.c.id == _SUBNETS.c.network_id)
            .outerjoin(_FLOATING, sa.and_(_FLOATING.c.fixed_port_id == _IPS.c.port_id,
                                          _FLOATING.c.fixed_ip_address == _IPS.c.ip))
            .where(_IPS.c.port_id.in_(ports)).order_by(_IPS.c.id))


def nics(session, server_ids):
    """(ports with network_name, mtu and network_revision, in order; {port id: addresses with their subnets})"""
    found = session.execute(_nics_query(), {"servers": server_ids}).all()
    addresses = {}
    if found:
        for row in session.execute(_addresses_query(), {"servers": server_ids}):
            addresses.setdefault(row.port_id, []).append(row)
    return found, addresses


def nic_indexes(session, server_id):
    """Which NICs of a server have their port already."""
    return set(session.scalars(sa.select(_PORTS.c.nic_index).where(_PORTS.c.server_id == server_id)))


def marked(session, marker):
    """(server id, port id) of the port that a change (its marker) gave a server; None: there is none."""
    return session.execute(sa.select(_PORTS.c.server_id, _PORTS.c.id).where(
        _PORTS.c.marker == marker, _PORTS.c.server_id.is_not(None))).one_or_none()


def take_port(session, port_id, host, values):
    """Give a user's port to a server, unless one has it: in one UPDATE, so of two racing callers one wins.

    :param host: the server's.  :param values: columns of the port.
    """
    rows.lock(session, Port, port_id)
    if trunks.is_subport(session, port_id):
        return False
    won = bool(session.execute(sa.update(_PORTS).where(_PORTS.c.id == port_id, _PORTS.c.server_id.is_(None)).values(
        **values, revision=_PORTS.c.revision + 1)).rowcount)
    if won:
        port_bindings.update(session, port_id, {"host": host})
        host_scopes.changed(session, host, [port_id])
    return won


def place_ports(session, server_id, host):
    """A server's ports are on ``host`` from now; that changes what they show, but where it was so already."""
    for port_id in port_bindings.place(session, server_id, host):
        rows.raise_revision(session, Port, port_id)


def rename_ports(session, server_id):
    """A server's hostname is another: what hosts have of its ports is new; the ids of these."""
    port_ids = session.scalars(sa.select(_PORTS.c.id).where(_PORTS.c.server_id == server_id)
                               .order_by(_PORTS.c.id)).all()
    for port_id in port_ids:
        rows.raise_revision(session, Port, port_id)
        host_scopes.port_changed(session, port_id)
    return port_ids


def made_for(session, server_id, port_id=None):
    """Ids of the ports that ``drop_ports`` deletes."""
    which = [_PORTS.c.server_id == server_id] + ([] if port_id is None else [_PORTS.c.id == port_id])
    return list(session.scalars(sa.select(_PORTS.c.id).where(*which, _PORTS.c.made_for_server)))


def drop_ports(session, server_id, port_id=None):
    """Delete the ports that were made for a server, and let go of its user's own.

    :param port_id: only this one, if it is the server's.
    """
    which = [_PORTS.c.server_id == server_id] + ([] if port_id is None else [_PORTS.c.id == port_id])
    for each, host in host_scopes.bound(session, *which):
        host_scopes.gone(session, host, [each])
    group_scopes.going(session, *which, _PORTS.c.made_for_server)
    carried = trunks.carried_by(session, made_for(session, server_id, port_id))
    if carried:         # their trunk goes with its parent
        trunks.remove_subports(session, carried)
    session.execute(sa.delete(_PORTS).where(*which, _PORTS.c.made_for_server))
    port_bindings.unbind(session, which)
    session.execute(sa.update(_PORTS).where(*which).values(
        server_id=None, nic_index=None, tag=None, marker=None, device_id="", device_owner="",
        revision=_PORTS.c.revision + 1))
