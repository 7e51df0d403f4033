"""Queries of networks, subnets, ports and security groups; resources come back as dicts with what belongs to them."""

import dataclasses
import functools

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from nova_lite.db.models.networks import (
    DefaultSecurityGroup,
    FixedIp,
    Network,
    Port,
    PortSecurityGroup,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
)
from nova_lite.db.models.servers import Server
from nova_lite.objects.states import Vm

_N, _S, _P, _F = Network.__table__, Subnet.__table__, Port.__table__, FixedIp.__table__
_G, _R, _M = SecurityGroup.__table__, SecurityGroupRule.__table__, PortSecurityGroup.__table__
_D, _SERVERS = DefaultSecurityGroup.__table__, Server.__table__


@dataclasses.dataclass(frozen=True)
class Page:
    """Which resources of a list, in what order.

    :ivar filters: {column: values}, each an "in"; unknown columns are the caller's mistake.
    :ivar sort: ((column, descending), ...); the id is added.
    :ivar after: the row (a dict) of the marker; None starts at the beginning.
    """

    filters: dict = dataclasses.field(default_factory=dict)
    sort: tuple = ()
    limit: int | None = None
    after: dict | None = None


ALL = Page()


# ---- lists; ``project_id`` None sees everything

def networks(session, project_id, page=ALL):
    """Those of the project and the shared ones, each with ``subnets``, the ids of its subnets."""
    asked = sa.select(_N)
    if project_id is not None:
        asked = asked.where(sa.or_(_N.c.project_id == project_id, _N.c.shared))
    found = _page(session, asked, _N, page)
    owned = _grouped(session, sa.select(_S.c.network_id, _S.c.id).order_by(_S.c.created_at, _S.c.id), found)
    return [each | {"subnets": [row.id for row in owned.get(each["id"], ())]} for each in found]


def subnets(session, project_id, page=ALL):
    """Those of networks that the project sees."""
    asked = sa.select(_S)
    if project_id is not None:
        asked = asked.join(_N, _N.c.id == _S.c.network_id).where(
            sa.or_(_N.c.project_id == project_id, _S.c.project_id == project_id, _N.c.shared))
    return _page(session, asked, _S, page)


def ports(session, project_id, page=ALL, having=None):
    """Each with ``fixed_ips`` [{"subnet_id", "ip_address"}] and ``security_groups`` [id].

    :param having: {"ip_address", "subnet_id", "security_groups", "device_id", "device_owner"}: lists of wanted values.
    """
    asked = sa.select(_P)
    if project_id is not None:
        asked = asked.where(_P.c.project_id == project_id)
    found = _page(session, _port_filters(asked, having or {}), _P, page)
    ips = _grouped(session, sa.select(_F.c.port_id, _F.c.subnet_id, _F.c.ip).order_by(_F.c.id), found)
    groups = _grouped(session, sa.select(_M.c.port_id, _M.c.security_group_id), found)
    for each in found:
        each["fixed_ips"] = [{"subnet_id": row.subnet_id, "ip_address": row.ip} for row in ips.get(each["id"], ())]
        each["security_groups"] = [row.security_group_id for row in groups.get(each["id"], ())]
    return found


def _port_filters(asked, having):
    for name, column in (("ip_address", _F.c.ip), ("subnet_id", _F.c.subnet_id)):
        if name in having:
            asked = asked.where(_P.c.id.in_(sa.select(_F.c.port_id).where(column.in_(having[name]))))
    if "security_groups" in having:
        asked = asked.where(_P.c.id.in_(
            sa.select(_M.c.port_id).where(_M.c.security_group_id.in_(having["security_groups"]))))
    if "device_id" in having:
        asked = asked.where(sa.func.coalesce(_P.c.server_id, _P.c.device_id).in_(having["device_id"]))
    return asked


def groups(session, project_id, page=ALL):
    """Security groups, each with ``rules``."""
    asked = sa.select(_G)
    if project_id is not None:
        asked = asked.where(_G.c.project_id == project_id)
    found = _page(session, asked, _G, page)
    owned = _grouped(session, sa.select(_R).order_by(_R.c.id), found, "security_group_id")
    return [each | {"rules": [dict(row._mapping) for row in owned.get(each["id"], ())]} for each in found]


def rules(session, project_id, page=ALL):
    asked = sa.select(_R)
    if project_id is not None:
        asked = asked.where(_R.c.project_id == project_id)
    return _page(session, asked, _R, page)


def _page(session, asked, table, page):
    for name, values in page.filters.items():
        asked = asked.where(table.c[name].in_(values))
    order = [(table.c[name], descending) for name, descending in page.sort] + [(table.c.id, False)]
    if page.after is not None:
        asked = asked.where(_beyond(order, page.after))
    asked = asked.order_by(*(column.desc() if descending else column for column, descending in order))
    if page.limit is not None:
        asked = asked.limit(page.limit)
    return [dict(row._mapping) for row in session.execute(asked)]


def _beyond(order, row):
    """The condition that a row comes after ``row`` in ``order``."""
    ways, same = [], []
    for column, descending in order:
        value = row[column.name]
        ways.append(sa.and_(*same, column < value if descending else column > value))
        same.append(column == value)
    return sa.or_(*ways)


def _grouped(session, asked, owners, by=None):
    """{owner's id: rows} of what ``asked`` selects, for the listed ``owners``."""
    if not owners:
        return {}
    column = asked.selected_columns[by] if by else asked.selected_columns[0]
    made = {}
    for row in session.execute(asked.where(column.in_([each["id"] for each in owners]))):
        made.setdefault(row._mapping[column.name], []).append(row)
    return made


# ---- writing

def insert(session, model, values):
    session.execute(sa.insert(model.__table__).values(**values))


def lock(session, model, resource_id):
    """Nobody else changes a row, or writes one that names it, until this transaction ends."""
    table = model.__table__
    session.execute(sa.select(table.c.id).where(table.c.id == resource_id).with_for_update())


def update(session, model, resource_id, values):
    """Change a row and count its revision up."""
    table = model.__table__
    session.execute(sa.update(table).where(table.c.id == resource_id).values(**values, revision=table.c.revision + 1))


def try_delete(session, model, resource_id):
    """Delete a row; False, and nothing happened, where another row needs it."""
    table = model.__table__
    try:
        with session.begin_nested():
            session.execute(sa.delete(table).where(table.c.id == resource_id))
    except IntegrityError:
        return False
    return True


def count(session, model, project_id):
    table = model.__table__
    return session.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.project_id == project_id))


def ports_used(session, project_id):
    """How many ports a project has, and its servers that are being built are going to have."""
    building = session.execute(sa.select(_SERVERS.c.requested_networks).where(
        _SERVERS.c.project_id == project_id, _SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.deleted_at.is_(None)))
    promised = sum(not each.get("port") for row in building for each in row.requested_networks)
    made = session.scalar(
        sa.select(sa.func.count()).select_from(_P.join(_SERVERS, _SERVERS.c.id == _P.c.server_id)).where(
            _SERVERS.c.project_id == project_id, _SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.deleted_at.is_(None),
            _P.c.made_for_server))
    return count(session, Port, project_id) + promised - made


def cidrs(session, network_id=None):
    """The ranges of a network's subnets, or of all."""
    asked = sa.select(_S.c.cidr)
    return list(session.scalars(asked if network_id is None else asked.where(_S.c.network_id == network_id)))


def ports_on(session, *, network_id=None, subnet_id=None, group_id=None):
    """Ids of ports that keep a network, a subnet or a security group from being deleted."""
    if network_id is not None:
        return list(session.scalars(sa.select(_P.c.id).where(_P.c.network_id == network_id)))
    if subnet_id is not None:
        return list(session.scalars(sa.select(_F.c.port_id).where(_F.c.subnet_id == subnet_id)))
    return list(session.scalars(sa.select(_M.c.port_id).where(_M.c.security_group_id == group_id)))


# ---- addresses

def taken(session, subnet_id, candidates=None):
    """Which of ``candidates`` (None: of all addresses) are given in the subnet."""
    asked = sa.select(_F.c.ip).where(_F.c.subnet_id == subnet_id)
    return set(session.scalars(asked if candidates is None else asked.where(_F.c.ip.in_(candidates))))


def holder(session, network_id, ip):
    """The port (id, server_id, project_id) that has an address in a network; None."""
    return session.execute(sa.select(_P.c.id, _P.c.server_id, _P.c.project_id).join(_F, _F.c.port_id == _P.c.id).where(
        _P.c.network_id == network_id, _F.c.ip == ip)).one_or_none()


def mac_taken(session, network_id, mac):
    return session.scalar(sa.select(_P.c.id).where(_P.c.network_id == network_id, _P.c.mac_address == mac)) is not None


def try_port(session, port, ips, group_ids):
    """Write a port with its addresses and groups; False, and nothing written, where another has its MAC or address.

    :param ips: [(subnet id, ip)].
    """
    try:
        with session.begin_nested():
            session.execute(sa.insert(_P).values(**port))
            add_ips(session, port["id"], ips)
            add_groups(session, port["id"], group_ids)
    except IntegrityError:
        return False
    return True


def try_ips(session, port_id, ips):
    """Give a port other addresses; False, and nothing written, where another port has one."""
    try:
        with session.begin_nested():
            session.execute(sa.delete(_F).where(_F.c.port_id == port_id))
            add_ips(session, port_id, ips)
    except IntegrityError:
        return False
    return True


def try_ip(session, port_id, subnet_id, ip):
    """Give a port one address more; False, and nothing written, where another port has it."""
    try:
        with session.begin_nested():
            add_ips(session, port_id, [(subnet_id, ip)])
    except IntegrityError:
        return False
    return True


def remove_ip(session, port_id, ip):
    session.execute(sa.delete(_F).where(_F.c.port_id == port_id, _F.c.ip == ip))


def add_ips(session, port_id, ips):
    if ips:
        session.execute(sa.insert(_F), [{"port_id": port_id, "subnet_id": subnet, "ip": ip} for subnet, ip in ips])


def add_groups(session, port_id, group_ids):
    if group_ids:
        session.execute(sa.insert(_M), [{"port_id": port_id, "security_group_id": each} for each in group_ids])


def remove_group(session, port_ids, group_id):
    """Take ports out of a group."""
    session.execute(sa.delete(_M).where(_M.c.port_id.in_(port_ids), _M.c.security_group_id == group_id))


def set_groups(session, port_id, group_ids):
    session.execute(sa.delete(_M).where(_M.c.port_id == port_id))
    add_groups(session, port_id, group_ids)


# ---- security groups

def default_group(session, project_id):
    """The id of a project's default group; None while it has none."""
    return session.scalar(sa.select(_D.c.security_group_id).where(_D.c.project_id == project_id))


def try_default_group(session, group, group_rules):
    """Write a project's default group; False, and nothing written, where another did at the same time."""
    try:
        with session.begin_nested():
            session.execute(sa.insert(_G).values(**group))
            session.execute(sa.insert(_D).values(project_id=group["project_id"], security_group_id=group["id"]))
            session.execute(sa.insert(_R), group_rules)
    except IntegrityError:
        return False
    return True


# ---- servers

@functools.cache
def _nics_query():
    return sa.select(_P, _N.c.name.label("network_name"), _N.c.mtu).join(_N, _N.c.id == _P.c.network_id).where(
        _P.c.server_id.in_(sa.bindparam("servers", expanding=True))).order_by(_P.c.server_id, _P.c.nic_index)


@functools.cache
def _addresses_query():
    return sa.select(_F.c.port_id, _F.c.ip, _F.c.subnet_id, _S.c.cidr, _S.c.gateway_ip, _S.c.ip_version,
                     _S.c.dns_nameservers, _S.c.enable_dhcp).join(_S, _S.c.id == _F.c.subnet_id).where(
        _F.c.port_id.in_(sa.select(_P.c.id).where(_P.c.server_id.in_(sa.bindparam("servers", expanding=True))))
    ).order_by(_F.c.id)


def nics(session, server_ids):
    """(ports with network_name and mtu, in order; {port id: addresses with their subnets}) of servers."""
    found = session.execute(_nics_query(), {"servers": server_ids}).all()
    addresses = {}
    if found:
        for row in session.execute(_addresses_query(), {"servers": server_ids}):
            addresses.setdefault(row.port_id, []).append(row)
    return found, addresses


def nic_indexes(session, server_id):
    """Which NICs of a server have their port already."""
    return set(session.scalars(sa.select(_P.c.nic_index).where(_P.c.server_id == server_id)))


def take_port(session, port_id, values):
    """Give a user's port to a server, unless one has it: in one UPDATE, so of two racing callers one wins."""
    return bool(session.execute(sa.update(_P).where(_P.c.id == port_id, _P.c.server_id.is_(None)).values(
        **values, revision=_P.c.revision + 1)).rowcount)


def place_ports(session, server_id, host):
    session.execute(sa.update(_P).where(_P.c.server_id == server_id).values(host=host))


def drop_ports(session, server_id, port_id=None):
    """Delete the ports that were made for a server, and let go of its user's own.

    :param port_id: only this one, if it is the server's.
    """
    which = [_P.c.server_id == server_id] + ([] if port_id is None else [_P.c.id == port_id])
    session.execute(sa.delete(_P).where(*which, _P.c.made_for_server))
    session.execute(sa.update(_P).where(*which).values(
        server_id=None, nic_index=None, host=None, tag=None, device_id="", device_owner="",
        revision=_P.c.revision + 1))


def group_names(session, server_id):
    """Names of the security groups of a server's ports, port by port."""
    return list(session.scalars(
        sa.select(_G.c.name).join(_M, _M.c.security_group_id == _G.c.id).join(_P, _P.c.id == _M.c.port_id)
        .where(_P.c.server_id == server_id).order_by(_P.c.nic_index, _G.c.name)))


def group_names_of(session, server_ids):
    """{server id: names as ``group_names`` gives them}"""
    found = {}
    for row in session.execute(
            sa.select(_P.c.server_id, _G.c.name).select_from(_G)
            .join(_M, _M.c.security_group_id == _G.c.id).join(_P, _P.c.id == _M.c.port_id)
            .where(_P.c.server_id.in_(server_ids)).order_by(_P.c.nic_index, _G.c.name)):
        found.setdefault(row.server_id, []).append(row.name)
    return found


def servers_on(session, *, network_id=None, group_id=None):
    """Ids of servers with a port in a network, or in a security group."""
    asked = sa.select(_P.c.server_id).where(_P.c.server_id.is_not(None)).distinct()
    if network_id is not None:
        return list(session.scalars(asked.where(_P.c.network_id == network_id)))
    return list(session.scalars(asked.join(_M, _M.c.port_id == _P.c.id).where(_M.c.security_group_id == group_id)))


def write_server(session, server_id, addresses, security_groups):
    """What lists of servers show of their network."""
    session.execute(sa.update(_SERVERS).where(_SERVERS.c.id == server_id).values(
        addresses=addresses, security_groups=security_groups, updated_at=_SERVERS.c.updated_at))
