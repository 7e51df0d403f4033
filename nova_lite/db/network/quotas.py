"""Limits of projects in the network service: the configured ones, and those that an operator set."""

import sqlalchemy as sa

from nova_lite.conf import CONF
from nova_lite.db.models.networks import NetworkQuota

#: What has a limit.
RESOURCES = ("network", "subnet", "subnetpool", "port", "security_group", "security_group_rule", "rbac_policy",
             "router", "router_route", "floatingip", "trunk")
_QUOTAS = NetworkQuota.__table__


def defaults():
    """{resource: limit} of a project that nobody set any for; -1 means none."""
    return {each: CONF.network[f"quota_{each}"] for each in RESOURCES}


def limits(session, project_id):
    """{resource: limit} of a project."""
    return defaults() | _own(session, project_id)


def limit(session, project_id, resource):
    own = session.scalar(sa.select(_QUOTAS.c.limit).where(_QUOTAS.c.project_id == project_id,
                                                          _QUOTAS.c.resource == resource))
    return CONF.network[f"quota_{resource}"] if own is None else own


def _own(session, project_id):
    rows = session.execute(sa.select(_QUOTAS.c.resource, _QUOTAS.c.limit).where(_QUOTAS.c.project_id == project_id))
    return {row.resource: row.limit for row in rows}


def every(session):
    """{project id: {resource: limit}} of the projects that have limits of their own."""
    made = {}
    for row in session.execute(sa.select(_QUOTAS).order_by(_QUOTAS.c.project_id)):
        made.setdefault(row.project_id, defaults())[row.resource] = row.limit
    return made


def write(session, project_id, values):
    """Set limits; the caller holds the project's quota row (``quotas.lock``)."""
    clear(session, project_id, values)
    session.execute(sa.insert(_QUOTAS), [{"project_id": project_id, "resource": name, "limit": each}
                                    for name, each in values.items()])


def clear(session, project_id, resources=RESOURCES):
    """Forget a project's own limits; how many it had."""
    return session.execute(
        sa.delete(_QUOTAS).where(_QUOTAS.c.project_id == project_id, _QUOTAS.c.resource.in_(list(resources)))).rowcount
