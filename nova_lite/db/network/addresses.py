"""Addresses of ports: which are given, and giving them."""

import sqlalchemy as sa

from nova_lite.common import ipv6
from nova_lite.db import locks
from nova_lite.db.models.networks import FixedIp, Port, Subnet
from nova_lite.db.network import group_scopes, host_scopes, rows
from nova_lite.db.rows import attempt

_PORTS = Port.__table__
_IPS = FixedIp.__table__
_SUBNETS = Subnet.__table__


def taken(session, subnet_id, candidates=None):
    """Which of ``candidates`` (None: of all addresses) are given in the subnet."""
    asked = sa.select(_IPS.c.ip).where(_IPS.c.subnet_id == subnet_id)
    return set(session.scalars(asked if candidates is None else asked.where(_IPS.c.ip.in_(candidates))))


def of_port(session, port_id):
    """The addresses of a port, a set."""
    return set(session.scalars(sa.select(_IPS.c.ip).where(_IPS.c.port_id == port_id)))


def is_automatic(session, port_id, ip):
    """Whether an address of a port is of an IPv6 subnet whose addresses MACs make."""
    found = session.execute(sa.select(_SUBNETS.c.ipv6_ra_mode, _SUBNETS.c.ipv6_address_mode).join(
        _IPS, _IPS.c.subnet_id == _SUBNETS.c.id).where(_IPS.c.port_id == port_id, _IPS.c.ip == ip)).one_or_none()
    return found is not None and ipv6.is_automatic(found._mapping)


def holder(session, network_id, ip):
    """The port (id, server_id, project_id) that has an address in a network; None."""
    asked = sa.select(_PORTS.c.id, _PORTS.c.server_id, _PORTS.c.project_id).join(_IPS, _IPS.c.port_id == _PORTS.c.id)
    return session.execute(asked.where(_PORTS.c.network_id == network_id, _IPS.c.ip == ip)).one_or_none()


def marked(session, marker):
    """(server id, port id, address) of what a change (its marker) gave a port of a server; None: there is none."""
    asked = sa.select(_PORTS.c.server_id, _IPS.c.port_id, _IPS.c.ip).join(_PORTS, _PORTS.c.id == _IPS.c.port_id)
    return session.execute(asked.where(_PORTS.c.server_id.is_not(None), _IPS.c.marker == marker)).one_or_none()


def of_network(session, network_id):
    """Rows of id, mac_address and device_owner of a network's ports."""
    return session.execute(sa.select(_PORTS.c.id, _PORTS.c.mac_address, _PORTS.c.device_owner).where(
        _PORTS.c.network_id == network_id).order_by(_PORTS.c.id)).all()


def give(session, subnet_id, ips):
    """Give ports an address of a subnet more.  :param ips: {port id: address}, none of which another port has."""
    if ips:
        session.execute(sa.insert(_IPS), [
            {"port_id": port_id, "subnet_id": subnet_id, "ip": ip} for port_id, ip in ips.items()])
    _readdressed(session, sorted(ips))


def take(session, subnet_id):
    """Take all addresses of a subnet from the ports that have them; ids of these."""
    port_ids = sorted(set(session.scalars(sa.select(_IPS.c.port_id).where(_IPS.c.subnet_id == subnet_id))))
    session.execute(sa.delete(_IPS).where(_IPS.c.subnet_id == subnet_id))
    _readdressed(session, port_ids)
    return port_ids


def _readdressed(session, port_ids):
    """Record that many ports have other addresses, in a few statements for some hundred of them."""
    for some in locks.chunks(port_ids):
        session.execute(sa.update(_PORTS).where(_PORTS.c.id.in_(some)).values(revision=_PORTS.c.revision + 1))
        hosts, groups = {}, {}
        for port_id, host in host_scopes.bound(session, _PORTS.c.id.in_(some)):
            hosts.setdefault(host, []).append(port_id)
        for host, of_host in sorted(hosts.items()):
            host_scopes.changed(session, host, of_host)
        for port_id, group_ids in group_scopes.of_ports(session, some).items():
            for each in group_ids:
                groups.setdefault(each, []).append(port_id)
        group_scopes.members_changed(session, groups)


def try_ips(session, port_id, ips):
    """Give a port other addresses; False, and nothing written, where another port has one."""
    with attempt(session) as tried:
        session.execute(sa.delete(_IPS).where(_IPS.c.port_id == port_id))
        add_ips(session, port_id, ips)
    if not tried.refused:
        host_scopes.port_changed(session, port_id)
        group_scopes.readdressed(session, port_id)
    return not tried.refused


def try_ip(session, port_id, subnet_id, ip, marker):
    """Give a port one address more; False, and nothing written, where another port has it.

    :param marker: of the change that gives it; None: none does.
    """
    with attempt(session) as tried:
        rows.raise_revision(session, Port, port_id)
        session.execute(sa.insert(_IPS).values(port_id=port_id, subnet_id=subnet_id, ip=ip, marker=marker))
    if not tried.refused:
        host_scopes.port_changed(session, port_id)
        group_scopes.readdressed(session, port_id)
    return not tried.refused


def remove_ip(session, port_id, ip):
    if session.execute(sa.delete(_IPS).where(_IPS.c.port_id == port_id, _IPS.c.ip == ip)).rowcount:
        rows.raise_revision(session, Port, port_id)
        host_scopes.port_changed(session, port_id)
        group_scopes.readdressed(session, port_id)


def add_ips(session, port_id, ips):
    if ips:
        session.execute(sa.insert(_IPS), [{"port_id": port_id, "subnet_id": subnet, "ip": ip} for subnet, ip in ips])
