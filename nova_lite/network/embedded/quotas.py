"""Quotas of projects and their usage."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import quotas
from nova_lite.db.network import quotas as network_quotas
from nova_lite.network import exceptions as network_exceptions

RESOURCES = network_quotas.RESOURCES


class RouterRoutes:
    """Its quota bounds the routes of each router, so that a project has used none of it."""

    resource = "router_route"

    @staticmethod
    def used(project_id):
        return 0


class Quotas:
    """:param resources: {resource of RESOURCES: its Resource}."""

    def __init__(self, resources):
        self._resources = resources

    def defaults(self):
        """{resource: limit} of a project that nobody set any for; -1 means none."""
        return network_quotas.defaults()

    def get(self, project_id):
        """{resource: limit}"""
        with db.reader() as session:
            return network_quotas.limits(session, project_id)

    def every(self):
        """{project id: {resource: limit}} of the projects that have limits of their own."""
        with db.reader() as session:
            return network_quotas.every(session)

    def details(self, project_id):
        """{resource: {"limit", "used", "reserved"}}; nothing is ever reserved beforehand."""
        with db.reader() as session:
            return {name: {"limit": limit, "used": self._resources[name].used(project_id), "reserved": 0}
                    for name, limit in network_quotas.limits(session, project_id).items()}

    def update(self, project_id, values, *, force=False):
        """Set limits; all of the project's.

        :raises BadRequest: more is used already, and not ``force``.
        """
        with db.writer() as session:
            quotas.lock(session, project_id)
            for name, limit in () if force else sorted(values.items()):
                used = self._resources[name].used(project_id) if limit >= 0 else 0
                if used > limit >= 0:
                    raise exceptions.BadRequest(f"Quota limit {limit} for {name} must be greater than or equal to "
                                               f"already used {used}")
            if values:
                network_quotas.write(session, project_id, values)
            return network_quotas.limits(session, project_id)

    def delete(self, project_id):
        """Return to the configured limits.  :raises TenantQuotaNotFound: the project has no others."""
        with db.writer() as session:
            quotas.lock(session, project_id)
            if not network_quotas.clear(session, project_id):
                raise network_exceptions.TenantQuotaNotFound(project_id=project_id)
