"""Begin to give a server another size, and to keep it or go back."""

import json

from nova_lite import db
from nova_lite.common import exception, hardware
from nova_lite.compute.actions.begun import begun
from nova_lite.compute.actions.build import frozen
from nova_lite.conf import CONF
from nova_lite.db import flavors, hosts, locks, moves, operations, quotas, servers
from nova_lite.objects.states import OPERATIONS


class Resize:
    """Each method returns at once.  :raises InvalidState, ServerLocked:"""

    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def resize(self, context, server, flavor_id, disk_config=None):
        """:raises BadRequest: it cannot have that flavor.  :raises OverQuota, Conflict:"""
        operation = OPERATIONS["resize"]
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, operation)
            number, new = _flavor(session, context, server, flavor_id)
            quotas.grow(session, server.project_id, server.flavor, new, server.user_id)
            operation_id, host = operations.begin(session, context, server.id, operation,
                                                  {"flavor": json.dumps(new)})
            servers.remember(session, server.id, old_flavor=server.flavor, new_flavor=new,
                             resized_from=server.vm_state, resize=operation_id,
                             move=_recorded(session, context, server, number))
            if disk_config is not None:
                servers.update(session, server.id, disk_config=disk_config)
        self._rpc.resize_server(context, host, operation_id)

    def confirm(self, context, server):
        """The disk as it was goes."""
        operation_id, host = begun(context, server, "confirmResize")
        self._rpc.confirm_resize(context, host, operation_id)

    def revert(self, context, server):
        """The disk as it was comes back, and what was written since is lost.

        :raises OverQuota: it was larger before, and others have the room by now.
        """
        with db.writer() as session:
            locks.server(session, server.id)
            operations.check(session, context, server.id, OPERATIONS["revertResize"])
            notes = servers.get(session, server.id, project_id=None).remembered
            if "old_flavor" not in notes:
                raise exception.BadRequest("Instance has not been resized.")
            quotas.grow(session, server.project_id, server.flavor, notes["old_flavor"], server.user_id)
            operation_id, host = operations.begin(session, context, server.id, OPERATIONS["revertResize"], {
                "flavor": json.dumps(notes["old_flavor"]), "vm_state": notes["resized_from"],
                "resize": notes["resize"]})
        self._rpc.revert_resize(context, host, operation_id)


def _recorded(session, context, server, number):
    """The number of a new move, from the server's host to the same one; ``number`` is the new flavor's."""
    node = hosts.node_of(session, server.host)
    old = flavors.number(session, server.flavor["flavorid"])
    return moves.record(session, context, server, kind="resize", status="pre-migrating", old_flavor_id=old,
                        new_flavor_id=number, source_host=node.host, source_node=node.hypervisor_hostname,
                        dest_host=node.host, dest_node=node.hypervisor_hostname, dest_ip=node.host_ip)


def _flavor(session, context, server, flavor_id):
    """The number of the new flavor, and the flavor as the server will keep it."""
    if not CONF.compute.allow_resize_to_same_host:
        raise exception.Conflict("No valid host was found. Servers cannot be moved to another host, nor resized where "
                                 "they are.")
    project_id = None if context.is_admin else context.project_id
    try:
        flavor = flavors.get(session, flavor_id, project_id=project_id)
    except exception.FlavorNotFound as error:
        raise exception.BadRequest(str(error)) from error
    if flavor.flavorid == server.flavor["flavorid"]:
        raise exception.BadRequest("When resizing, instances must change flavor!")
    if flavor.root_gb == 0 and server.flavor["root_gb"] != 0:
        raise exception.BadRequest("Server disk was unable to be resized because: "
                                   "Resize to zero disk flavor is not allowed.")
    new = frozen(flavor)
    hardware.check(hardware.Wishes.of_server(server, new))
    return flavor.id, new
