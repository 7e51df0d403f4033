"""Add servers, with all their ports, to security groups and remove them; refused with Nova's errors.

Both methods join the open transaction.
"""

from nova_lite import db
from nova_lite.db import locks
from nova_lite.db.network import security_groups as group_queries
from nova_lite.network import exceptions
from nova_lite.network.embedded.resources import security_groups
from nova_lite.network.embedded.server_ports import info_cache
from nova_lite.network.embedded.server_ports.attachments import of_server


class Memberships:
    """:param changes: a desired_state.Changes.

    :raises ProjectGroupNotFound, RequestedGroupAmbiguous: the caller's project has not one group of that name or id.
    :raises ServerWithoutPorts: there is nothing that could be in a group.
    """

    def __init__(self, changes):
        self._changes = changes

    def join(self, context, server_id, name):
        """Put every port into the group.

        :raises SubnetNeeded: a port has no address, or no port security.  :raises GroupTwice: a port is in it already.
        :raises SecurityGroupConflict: as ``security_groups.check_mixed``.
        """
        with db.writer() as session:
            locks.server(session, server_id)
            group_id, ports = _found(session, context, name), _ports(session, server_id)
            if not all(each["fixed_ips"] and each["port_security_enabled"] for each in ports):
                raise exceptions.SubnetNeeded
            if any(group_id in each["security_groups"] for each in ports):
                raise exceptions.GroupTwice(group_id=group_id)
            for each in ports:
                security_groups.check_mixed(session, [*each["security_groups"], group_id])
            group_queries.join_group(session, [each["id"] for each in ports], group_id)
            self._notify(session, ports)
            info_cache.push(session, server_id)

    def leave(self, context, server_id, name):
        """Take every port out of the group.  :raises GroupNotOfServer: none is in it."""
        with db.writer() as session:
            locks.server(session, server_id)
            group_id, ports = _found(session, context, name), _ports(session, server_id)
            members = [each["id"] for each in ports if group_id in each["security_groups"]]
            if not members:
                raise exceptions.GroupNotOfServer(name=name, server_id=server_id)
            group_queries.remove_group(session, members, group_id)
            self._notify(session, ports)
            info_cache.push(session, server_id)

    def _notify(self, session, ports):
        for each in ports:
            self._changes.port(session, each["id"])
        self._changes.groups(session)


def _found(session, context, name):
    try:
        return security_groups.named(session, context.own_project, name)
    except exceptions.RequestedGroupNotFound as error:
        raise exceptions.ProjectGroupNotFound(name=name, project_id=context.project_id) from error


def _ports(session, server_id):
    found = of_server(session, server_id)
    if not found:
        raise exceptions.ServerWithoutPorts(server_id=server_id)
    return found
