"""QoS policies: those that a project sees, their rules, and what uses them."""

import sqlalchemy as sa

from nova_lite.db.models.floating_ips import FloatingIp
from nova_lite.db.models.networks import Network, Port
from nova_lite.db.models.qos import QosPolicy, QosRule
from nova_lite.db.models.routers import Router
from nova_lite.db.network import host_scopes, paging, sharing
from nova_lite.db.rows import attempt

_POLICIES, _RULES, _NETWORKS, _PORTS = (each.__table__ for each in (QosPolicy, QosRule, Network, Port))
#: What names policies, by the name of its kind.
_NAMING = {"network": _NETWORKS, "port": _PORTS, "floatingip": FloatingIp.__table__, "router": Router.__table__}
_IS_DEFAULT = _POLICIES.c.default_for.is_not(None)
_ALL_RULES = sa.select(_RULES).order_by(_RULES.c.type, _RULES.c.direction)
#: Of a port and its network in one statement: which policy is for it.
EFFECTIVE = sa.func.coalesce(_PORTS.c.qos_policy_id, _NETWORKS.c.qos_policy_id)
#: Of a port, its network's policy.
OF_NETWORK = sa.select(_NETWORKS.c.qos_policy_id).where(_NETWORKS.c.id == _PORTS.c.network_id).correlate(
    _PORTS).scalar_subquery().label("qos_network_policy_id")


def policies(session, project_id, page=paging.WHOLE):
    """QoS policies of the project and those shared with it, each with ``shared``, ``is_default`` and ``rules``."""
    shared, seen = sharing.visible(_POLICIES, project_id, page)
    asked = sa.select(_POLICIES, shared, _IS_DEFAULT.label("is_default")).where(*seen)
    found = paging.page_of(session, asked, _POLICIES, page, shared=shared.element, is_default=_IS_DEFAULT)
    owned = paging.grouped(session, _ALL_RULES, found, "qos_policy_id")
    return [each | {"rules": [dict(row._mapping) for row in owned.get(each["id"], ())]} for each in found]


def rules(session, project_id, page=paging.WHOLE):
    """Rules, of whatever policies: whoever asks has checked these."""
    return paging.page_of(session, sa.select(_RULES), _RULES, page)


def of_policies(session, policy_ids):
    """{policy id: rows of its rules}"""
    return paging.grouped(session, _ALL_RULES, [{"id": each} for each in sorted(policy_ids)], "qos_policy_id")


def default_policy(session, project_id):
    """The id of the policy that new networks of a project get; None."""
    return session.scalar(sa.select(_POLICIES.c.id).where(_POLICIES.c.default_for == project_id))


def try_default(session, policy_id, project_id):
    """Make a policy the default one of a project; False, and nothing written, where another is."""
    with attempt(session) as tried:
        session.execute(sa.update(_POLICIES).where(_POLICIES.c.id == policy_id).values(default_for=project_id))
    return not tried.refused


# ---- what uses a policy

def named_by(session, policy_id):
    """(kind, id) of a network, port, floating IP or router that names a policy; None."""
    for kind, table in _NAMING.items():
        found = session.scalar(sa.select(table.c.id).where(table.c.qos_policy_id == policy_id).order_by(table.c.id)
                               .limit(1))
        if found is not None:
            return kind, found
    return None


def users(session, policy_id):
    """Ids of the projects that have something which names a policy."""
    return {each for table in _NAMING.values() for each in session.scalars(
        sa.select(table.c.project_id).where(table.c.qos_policy_id == policy_id).distinct())}


def of_network(session, network_id):
    """The id of a network's policy; None."""
    return session.scalar(sa.select(_NETWORKS.c.qos_policy_id).where(_NETWORKS.c.id == network_id))


def port_under(session, policy_id):
    """The id of a port that a policy is for, by itself or by its network; None."""
    return session.scalar(sa.select(_PORTS.c.id).join(_NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id).where(
        EFFECTIVE.in_([policy_id])).order_by(_PORTS.c.id).limit(1))


def servers_under(session, policy_id):
    """Ids of the servers with a port that a policy is for."""
    return list(session.scalars(
        sa.select(_PORTS.c.server_id).join(_NETWORKS, _NETWORKS.c.id == _PORTS.c.network_id)
        .where(_PORTS.c.server_id.is_not(None), EFFECTIVE.in_([policy_id])).distinct().order_by(_PORTS.c.server_id)))


def under_policy(policy_id):
    """A condition on ports: a policy is for them."""
    of_networks = sa.select(_NETWORKS.c.id).where(_NETWORKS.c.qos_policy_id == policy_id)
    return sa.or_(_PORTS.c.qos_policy_id == policy_id,
                  sa.and_(_PORTS.c.qos_policy_id.is_(None), _PORTS.c.network_id.in_(of_networks)))


def by_network(network_id):
    """A condition on ports: its network's policy, whichever that is, is for them."""
    return sa.and_(_PORTS.c.network_id == network_id, _PORTS.c.qos_policy_id.is_(None))


def ports_changed(session, which):
    """Other rules are for servers' ports than before: these are of another revision, and their hosts get them.

    :param which: a condition on ports.  :returns: names of the hosts.
    """
    bound = {}
    for port_id, host in host_scopes.bound(session, which):
        bound.setdefault(host, []).append(port_id)
    ids = sorted({each for some in bound.values() for each in some})
    if ids:
        session.execute(sa.select(_PORTS.c.id).where(_PORTS.c.id.in_(ids)).order_by(_PORTS.c.id).with_for_update())
        session.execute(sa.update(_PORTS).where(_PORTS.c.id.in_(ids)).values(revision=_PORTS.c.revision + 1))
    for host, some in sorted(bound.items()):
        host_scopes.changed(session, host, some)
    return sorted(bound)
