"""Networks: those that a project sees, and questions about one."""

import sqlalchemy as sa

from nova_lite.common.visibility import ALL
from nova_lite.db.models.networks import Network, Port, PortSecurityGroup, Subnet
from nova_lite.db.network import paging, qos, sharing, subnet_pools
from nova_lite.db.rows import attempt

_NETWORKS = Network.__table__
_SUBNETS = Subnet.__table__
_PORTS = Port.__table__
_MEMBERS = PortSecurityGroup.__table__


def networks(session, project_id, page=paging.WHOLE):
    """Those of the project, those shared with it and those external for it, each with ``shared``, ``router:external``,
    and of its subnets ``subnets`` (ids) and the address scopes of their pools, ``ipv4_address_scope`` and
    ``ipv6_address_scope``.
    """
    shared, _ = sharing.visible(_NETWORKS, project_id, page)
    external = sharing.is_external(_NETWORKS.c.id)
    asked = sa.select(_NETWORKS, shared, external).where(*_is_seen(project_id))
    kind = sa.case((_NETWORKS.c.physical_network.is_(None), "local"), else_="flat")
    found = paging.page_of(session, asked, _NETWORKS, page, shared=shared.element, external=external.element,
                           network_type=kind)
    owned = {}
    for row in subnet_pools.sources(session, [each["id"] for each in found]) if found else ():
        owned.setdefault(row.network_id, []).append(row)
    return [each | {"router:external": bool(each.pop("external"))} | _of_subnets(owned.get(each["id"], ()))
            for each in found]


def for_servers(session, project_id):
    """Those of ``networks`` that a server gets a NIC of where it asks for none: not those only external for a project.
    """
    return [each for each in networks(session, project_id) if each["project_id"] == project_id or each["shared"]]


def _of_subnets(subnets):
    scopes = {row.ip_version: row.address_scope_id for row in subnets if row.subnetpool_id is not None}
    return {"subnets": [row.id for row in subnets], "ipv4_address_scope": scopes.get(4),
            "ipv6_address_scope": scopes.get(6)}


def ownership(session, network_id, viewer, project_id=ALL):
    """A network's id, project_id, revision, ``router:external`` and whether it is shared with ``viewer``: a project, or
    NO_PROJECT.  None where ``project_id`` does not see the network.
    """
    asked = sa.select(_NETWORKS.c.id, _NETWORKS.c.project_id, _NETWORKS.c.revision,
                      sharing.is_shared(_NETWORKS.c.id, viewer), sharing.is_external(_NETWORKS.c.id))
    row = session.execute(asked.where(_NETWORKS.c.id == network_id, *_is_seen(project_id))).first()
    return row and {**row._mapping, "router:external": bool(row.external)}


def _is_seen(project_id):
    return () if project_id is ALL else (sa.or_(_NETWORKS.c.project_id == project_id,
                                                sharing.is_seen(_NETWORKS.c.id, project_id)),)


def try_physical(session, network_id, name):
    """Put a network on a physical one; False, and nothing written, where another network is on it."""
    with attempt(session) as tried:
        session.execute(sa.update(_NETWORKS).where(_NETWORKS.c.id == network_id).values(physical_network=name))
    return not tried.refused


def has_port_security(session, network_id):
    """Whether new ports of a network have port security where nobody says."""
    return session.scalar(sa.select(_NETWORKS.c.port_security_enabled).where(_NETWORKS.c.id == network_id))


def cidrs(session, network_id=None):
    """The ranges of a network's subnets, or of all."""
    asked = sa.select(_SUBNETS.c.cidr)
    return list(session.scalars(asked if network_id is None else asked.where(_SUBNETS.c.network_id == network_id)))


def servers_on(session, *, network_id=None, group_id=None, qos_policy_id=None):
    """Ids of servers with a port in a network, in a security group, or which a QoS policy is for."""
    if qos_policy_id is not None:
        return qos.servers_under(session, qos_policy_id)
    asked = sa.select(_PORTS.c.server_id).where(_PORTS.c.server_id.is_not(None)).distinct()
    if network_id is not None:
        return list(session.scalars(asked.where(_PORTS.c.network_id == network_id)))
    return list(session.scalars(asked.join(_MEMBERS, _MEMBERS.c.port_id == _PORTS.c.id)
                                .where(_MEMBERS.c.security_group_id == group_id)))
