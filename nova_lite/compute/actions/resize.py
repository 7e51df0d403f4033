"""Begin to resize a server; confirm or revert a resize."""

import json

from nova_lite import db
from nova_lite.common import exceptions, hardware
from nova_lite.compute.actions.begin import begin_operation
from nova_lite.compute.actions.build import frozen
from nova_lite.conf import CONF
from nova_lite.db import flavors, hosts, locks, operations, quotas, server_migrations, server_moves, servers
from nova_lite.objects.migration import Kind, Status
from nova_lite.objects.states import OPERATIONS


class Resize:
    """Each method returns at once.  :raises InvalidState, ServerLocked:"""

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def resize(self, context, server, flavor_id, disk_config=None):
        """:raises BadRequest: it cannot have that flavor.  :raises OverQuota, Conflict:"""
        operation = OPERATIONS["resize_server"]
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, operation)
            number, new = _flavor(session, context, server, flavor_id)
            quotas.grow(session, server.project_id, server.flavor, new, server.user_id)
            operation_id, host = operations.begin(session, context, server.id, operation,
                                                  {"flavor": json.dumps(new)})
            server_moves.begin(session, context, server, kind=Kind.RESIZE, status=Status.PRE_MIGRATING,
                               operation_id=operation_id, old_flavor=server.flavor, new_flavor=new,
                               old_vm_state=server.vm_state, **_flavors(session, server, number),
                               **_hosts(session, server))
            if disk_config is not None:
                servers.update(session, server.id, disk_config=disk_config)
        self._rpc.resize_server(context, host, operation_id)

    def confirm(self, context, server):
        """Delete the disk of before the resize."""
        operation_id, host = begin_operation(context, server, "confirm_resize")
        self._rpc.confirm_resize(context, host, operation_id)

    def revert(self, context, server):
        """Restore the disk of before the resize; what was written since is lost.

        :raises OverQuota: the old flavor is larger and no longer within the quota.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, OPERATIONS["revert_resize"])
            migration = server_migrations.of_server(session, servers.get(session, server.id))
            if migration is None:
                raise exceptions.BadRequest("Instance has not been resized.")
            quotas.grow(session, server.project_id, server.flavor, migration.old_flavor, server.user_id)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["revert_resize"], {
                "flavor": json.dumps(migration.old_flavor), "vm_state": migration.old_vm_state,
                "resize": migration.operation_id})
        self._rpc.revert_resize(context, host, operation_id)


def _flavors(session, server, number):
    """Both flavors by their numbers; the old one's is None where it is deleted."""
    return {"old_flavor_id": flavors.number(session, server.flavor["flavorid"]), "new_flavor_id": number}


def _hosts(session, server):
    """Source and destination of the migration, both the server's own host."""
    node = hosts.node_of(session, server.host)
    return {"source_host": node.host, "source_node": node.hypervisor_hostname, "dest_host": node.host,
            "dest_node": node.hypervisor_hostname, "dest_ip": node.host_ip}


def _flavor(session, context, server, flavor_id):
    """The number of the new flavor, and the flavor as the server will keep it."""
    if not CONF.compute.allow_resize_to_same_host:
        raise exceptions.Conflict("No valid host was found. Servers cannot be moved to another host, nor resized where "
                                 "they are.")
    try:
        flavor = flavors.get(session, flavor_id, project_id=context.visible_project)
    except exceptions.FlavorNotFound as error:
        raise exceptions.BadRequest(str(error)) from error
    if flavor.flavorid == server.flavor["flavorid"]:
        raise exceptions.BadRequest("When resizing, instances must change flavor!")
    if flavor.root_gb == 0 and server.flavor["root_gb"] != 0:
        raise exceptions.BadRequest("Server disk was unable to be resized because: "
                                   "Resize to zero disk flavor is not allowed.")
    new = frozen(flavor)
    hardware.check(hardware.Requirements.of_server(server, new))
    return flavor.id, new
