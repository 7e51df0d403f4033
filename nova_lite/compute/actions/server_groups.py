"""Server groups: create, list and delete them."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import quotas, server_groups


class ServerGroups:
    """Rows are those of ``db.server_groups``; members are ids of servers."""

    def list(self, context, project_id, *, limit, offset):
        """``(rows, {group id: members})``.  :param project_id: whose; ALL: those of every project."""
        with db.reader() as session:
            rows = server_groups.find(session, project_id, limit=limit, offset=offset)
            return rows, server_groups.members_of(session, [row.id for row in rows])

    def get(self, context, id):
        """``(row, members)``.  :raises ServerGroupNotFound: there is none, or it is another project's."""
        with db.reader() as session:
            row = server_groups.get(session, id, project_id=context.visible_project)
            return row, [each.id for each in server_groups.members(session, id)]

    def create(self, context, name, policy, max_server_per_host=None):
        """:raises ServerGroupLimitExceeded: the project, or the user there, has as many as allowed."""
        with db.writer() as session:
            quotas.lock(session, context.project_id)
            _check_quota(session, context)
            return server_groups.create(session, project_id=context.project_id, user_id=context.user_id, name=name,
                                        policy=policy, max_server_per_host=max_server_per_host)

    def delete(self, context, group):
        """Delete a group; its servers stay, without the group."""
        gone = False
        while not gone:
            with db.writer() as session:
                gone = server_groups.delete(session, group.id)


def _check_quota(session, context):
    own = quotas.user_limits(session, context.project_id, context.user_id).get("server_groups", -1)
    limit = quotas.limits(session, context.project_id)["server_groups"]
    if (0 <= limit <= quotas.groups(session, context.project_id)
            or 0 <= own <= quotas.groups(session, context.project_id, context.user_id)):
        raise exceptions.ServerGroupLimitExceeded()


def join(session, context, hints, count):
    """The id of the group that new servers are to be in, by the hint ``group``; None without one.

    :param count: how many come; until the transaction ends nobody else can take their places.
    :raises ServerGroupFull:  :raises BadRequest: there is no such group.
    """
    named = [each for each in hints.get("group", ()) if each]
    if not named:
        return None
    try:
        group = server_groups.get(session, named[0], project_id=context.visible_project, lock=True)
    except exceptions.ServerGroupNotFound as error:
        raise exceptions.BadRequest(str(error)) from error
    limit = quotas.limits(session, context.project_id, context.user_id)["server_group_members"]
    if 0 <= limit < len(server_groups.members(session, group.id)) + count:
        raise exceptions.ServerGroupFull()
    return group.id
