"""Servers join and leave security groups, with all their ports, refused as Nova refuses them.

Both methods work in the caller's transaction.
"""

from nova_lite.db import locks
from nova_lite.db import networks as queries
from nova_lite.network import exceptions
from nova_lite.network.embedded import groups, summary
from nova_lite.network.embedded.attachments import of_server


class Memberships:
    """:raises ProjectGroupNotFound, RequestedGroupAmbiguous: the caller's project has not one group of that name or id.
    :raises ServerWithoutPorts: there is nothing that could be in a group.
    """

    def join(self, session, context, server_id, name):
        """Put every port into the group.

        :raises SubnetNeeded: a port has no address.  :raises GroupTwice: a port is in it already.
        """
        locks.server(session, server_id)
        group_id, ports = _found(session, context, name), _ports(session, server_id)
        if not all(each["fixed_ips"] for each in ports):
            raise exceptions.SubnetNeeded
        if any(group_id in each["security_groups"] for each in ports):
            raise exceptions.GroupTwice(group_id=group_id)
        for each in ports:
            queries.add_groups(session, each["id"], [group_id])
        summary.write(session, server_id)

    def leave(self, session, context, server_id, name):
        """Take every port out of the group.  :raises GroupNotOfServer: none is in it."""
        locks.server(session, server_id)
        group_id, ports = _found(session, context, name), _ports(session, server_id)
        members = [each["id"] for each in ports if group_id in each["security_groups"]]
        if not members:
            raise exceptions.GroupNotOfServer(name=name, server_id=server_id)
        queries.remove_group(session, members, group_id)
        summary.write(session, server_id)


def _found(session, context, name):
    try:
        return groups.named(session, context.project_id, name)
    except exceptions.RequestedGroupNotFound as error:
        raise exceptions.ProjectGroupNotFound(name=name, project_id=context.project_id) from error


def _ports(session, server_id):
    found = of_server(session, server_id)
    if not found:
        raise exceptions.ServerWithoutPorts(server_id=server_id)
    return found
