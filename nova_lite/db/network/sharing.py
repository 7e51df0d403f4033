"""RBAC policies, and what they share with whom."""

import functools

import sqlalchemy as sa

from nova_lite.common.visibility import ALL
from nova_lite.db import visibility
from nova_lite.db.models.address_groups import AddressGroup
from nova_lite.db.models.network_sharing import RbacPolicy
from nova_lite.db.models.networks import (
    AddressScope,
    Network,
    Port,
    PortSecurityGroup,
    SecurityGroup,
    SubnetPool,
)
from nova_lite.db.models.qos import QosPolicy
from nova_lite.db.models.servers import Server
from nova_lite.db.network import paging
from nova_lite.db.rows import attempt
from nova_lite.objects.states import Vm

#: The target that stands for every project.
EVERYONE = "*"
SHARED = "access_as_shared"
#: Of a network: a project may take gateways and floating IPs from it.  One that has such a policy is external.
EXTERNAL = "access_as_external"
#: object_type -> what a policy of such a resource may allow, where that is more than SHARED.
ACTIONS = {"network": (SHARED, EXTERNAL)}
#: object_type -> model of what can be shared.
MODELS = {"network": Network, "security_group": SecurityGroup, "address_scope": AddressScope, "subnetpool": SubnetPool,
          "address_group": AddressGroup, "qos_policy": QosPolicy}
_POLICIES, _PORTS, _MEMBERS, _SERVERS = (each.__table__ for each in (RbacPolicy, Port, PortSecurityGroup, Server))


@functools.lru_cache(1024)
def is_shared(column, project_id):
    """A condition: the resource with the id of ``column`` is shared with a project (NO_PROJECT: with every one)."""
    return _allows(column, project_id, SHARED).label("shared")


@functools.lru_cache(16)
def is_external(column):
    """A condition: the network with the id of ``column`` is external."""
    return sa.exists().where(_POLICIES.c.object_id == column, _POLICIES.c.action == EXTERNAL).correlate(
        column.table).label("external")


@functools.lru_cache(16)
def is_external_to_all(column):
    """A condition: the network with the id of ``column`` is external for every project."""
    return sa.exists().where(_POLICIES.c.object_id == column, _POLICIES.c.action == EXTERNAL,
                             _POLICIES.c.target_project == EVERYONE).correlate(column.table)


@functools.lru_cache(1024)
def is_seen(column, project_id):
    """A condition: the network with the id of ``column`` is shared with a project, or external for it."""
    return _allows(column, project_id, SHARED, EXTERNAL)


def _allows(column, project_id, *actions):
    return sa.exists().where(_POLICIES.c.object_id == column, _POLICIES.c.action.in_(actions),
                             _POLICIES.c.target_project.in_([EVERYONE, project_id])).correlate(column.table)


def visible(table, project_id, page):
    """(the attribute ``shared``; conditions that a row is the project's or shared with it) of a table's rows.

    :param page: its ``viewer`` is whom ``shared`` is for, where ``project_id`` is ALL.
    """
    shared = is_shared(table.c.id, page.viewer if project_id is ALL else project_id)
    return shared, () if project_id is ALL else (sa.or_(table.c.project_id == project_id, shared),)


def policies(session, project_id, page=paging.WHOLE):
    """Those that the project made."""
    asked = sa.select(_POLICIES).where(*visibility.of_project(_POLICIES.c.project_id, project_id))
    return paging.page_of(session, asked, _POLICIES, page)


def targets(session, object_id, action=SHARED):
    """With whom a resource is shared: ids of projects, and EVERYONE."""
    return set(session.scalars(sa.select(_POLICIES.c.target_project).where(
        _POLICIES.c.object_id == object_id, _POLICIES.c.action == action)))


def try_policy(session, values):
    """Write a policy; False, and nothing written, where there is one that says the same."""
    with attempt(session) as tried:
        session.execute(sa.insert(_POLICIES).values(**values))
    return not tried.refused


def try_target(session, policy_id, target):
    """Give a policy another target; False, and nothing written, where there is one that says the same."""
    with attempt(session) as tried:
        session.execute(sa.update(_POLICIES).where(_POLICIES.c.id == policy_id).values(target_project=target))
    return not tried.refused


def remove(session, object_id, *which):
    """Delete a resource's policies.  :param which: more conditions on them."""
    session.execute(sa.delete(_POLICIES).where(_POLICIES.c.object_id == object_id, *which))


def remove_target(session, object_id, target):
    """A resource is shared with ``target`` no more."""
    remove(session, object_id, _POLICIES.c.action == SHARED, _POLICIES.c.target_project == target)


def remove_external(session, network_id):
    """A network is external no more."""
    remove(session, network_id, _POLICIES.c.action == EXTERNAL)


def network_users(session, network_id):
    """Ids of the projects that have a port on a network, or a server that is going to have one."""
    found = set(session.scalars(sa.select(_PORTS.c.project_id).where(_PORTS.c.network_id == network_id).distinct()))
    building = session.execute(sa.select(_SERVERS.c.project_id, _SERVERS.c.requested_networks).where(
        _SERVERS.c.vm_state == Vm.BUILDING, _SERVERS.c.deleted_at.is_(None)))
    return found | {row.project_id for row in building
                    if any(each.get("network") == network_id for each in row.requested_networks)}


def group_users(session, group_id):
    """Ids of the projects that have a port in a security group."""
    return set(session.scalars(
        sa.select(_PORTS.c.project_id).join(_MEMBERS, _MEMBERS.c.port_id == _PORTS.c.id)
        .where(_MEMBERS.c.security_group_id == group_id).distinct()))
