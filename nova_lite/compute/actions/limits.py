"""Limits and quotas: what a project may use and uses."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import quotas


class Limits:
    """Values are {resource: limit}, -1 for none."""

    def defaults(self, context):
        return quotas.defaults()

    def of(self, context, project_id):
        with db.reader() as session:
            return quotas.limits(session, project_id)

    def with_usage(self, context, project_id):
        """``(limits, used)``; resources that nothing counts are missing in ``used``."""
        with db.reader() as session:
            return quotas.limits(session, project_id), quotas.usage(session, project_id)

    def check_metadata(self, context, count):
        """:raises MetadataLimitExceeded: a server of this project may not have so many items."""
        limit = self.of(context, context.project_id)["metadata_items"]
        if 0 <= limit < count:
            raise exception.MetadataLimitExceeded(limit=limit)

    def write(self, context, project_id, values, *, force):
        """Set some limits; return all.

        :param force: also below what is used.
        :raises BadRequest: a limit is below what is used.
        """
        with db.writer() as session:
            used = {} if force else quotas.usage(session, project_id)
            for resource, limit in values.items():
                if 0 <= limit < used.get(resource, 0):
                    raise exception.BadRequest(
                        f"Quota limit {limit} for {resource} must be greater than or equal to already used and "
                        f"reserved {used[resource]}.")
            quotas.write(session, project_id, values)
            return quotas.limits(session, project_id)

    def forget(self, context, project_id):
        """Back to the defaults."""
        with db.writer() as session:
            quotas.forget(session, project_id)
