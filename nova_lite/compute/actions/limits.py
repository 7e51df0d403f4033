"""Limits, quotas and usage of projects and their users."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import quotas


class Limits:
    """Values are {resource: limit}, -1 for none.  ``user_id`` None means the project as a whole."""

    def defaults(self, context):
        with db.reader() as session:
            return quotas.defaults(session)

    def of(self, context, project_id, user_id=None):
        with db.reader() as session:
            return quotas.limits(session, project_id, user_id)

    def with_usage(self, context, project_id, user_id=None):
        """``(limits, used)``; resources that nothing counts are missing in ``used``."""
        with db.reader() as session:
            return quotas.limits(session, project_id, user_id), quotas.in_use(session, project_id, user_id)

    def check_metadata(self, context, count):
        """:raises MetadataLimitExceeded: a server of this project may not have so many items."""
        limit = self.of(context, context.project_id, context.user_id)["metadata_items"]
        if 0 <= limit < count:
            raise exceptions.MetadataLimitExceeded(limit=limit)

    def check_files(self, context, files):
        """:param files: [{"path", "contents"}] that a server shall have, contents in base64.

        :raises FileLimitExceeded, FilePathLimitExceeded, FileContentLimitExceeded:
        """
        if files:
            check_files(self.of(context, context.project_id, context.user_id), files)

    def check_image_metadata(self, context, count):
        """:raises ImageMetadataLimitExceeded: an image of this project may not have so many items."""
        if 0 <= self.of(context, context.project_id, context.user_id)["metadata_items"] < count:
            raise exceptions.ImageMetadataLimitExceeded

    def write(self, context, project_id, values, *, force, user_id=None):
        """Set some limits; return all.

        :param force: also below what is used, or above what the project has.
        :raises BadRequest: a limit is below what is used or given on to users, or above what is left for a user.
        """
        with db.writer() as session:
            if not force:
                _check(session, project_id, user_id, values)
            quotas.write(session, project_id, values, user_id)
            return quotas.limits(session, project_id, user_id)

    def forget(self, context, project_id, user_id=None):
        """Back to the defaults."""
        with db.writer() as session:
            quotas.forget(session, project_id, user_id)

    def of_class(self, context, name):
        with db.reader() as session:
            return quotas.of_class(session, name)

    def write_class(self, context, name, values):
        """Set some limits of a class; return all."""
        with db.writer() as session:
            quotas.write_class(session, name, values)
            return quotas.of_class(session, name)


def check_files(limits, files):
    """See ``Limits.check_files``."""
    if 0 <= limits["injected_files"] < len(files):
        raise exceptions.FileLimitExceeded
    for part, name, refusal in (("path", "injected_file_path_bytes", exceptions.FilePathLimitExceeded),
                                ("contents", "injected_file_content_bytes", exceptions.FileContentLimitExceeded)):
        if 0 <= limits[name] < max((len(each[part]) for each in files), default=0):
            raise refusal(limit=limits[name])


def _check(session, project_id, user_id, values):
    used, given = quotas.in_use(session, project_id, user_id), quotas.given_to_users(session, project_id)
    project = quotas.limits(session, project_id)
    own = quotas.user_limits(session, project_id, user_id) if user_id else {}
    for resource, limit in values.items():
        least, most = used.get(resource, 0), -1
        if user_id is None:
            least = max(least, given.get(resource, 0) if project[resource] >= 0 else 0)
        elif project[resource] >= 0:
            most = project[resource] - given.get(resource, 0) + max(own.get(resource, 0), 0)
        if 0 <= limit < least:
            raise exceptions.BadRequest(
                f"Quota limit {limit} for {resource} must be greater than or equal to already used and reserved "
                f"{least}.")
        if most >= 0 and (limit < 0 or limit > most):
            raise exceptions.BadRequest(f"Quota limit {limit} for {resource} must be less than or equal to {most}.")
