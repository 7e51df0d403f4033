"""Requests to guests themselves: diagnostics, crash dumps, a new password."""

from oslo_utils import strutils

from nova_lite import db
from nova_lite.common import crypt, exceptions
from nova_lite.db import operations
from nova_lite.objects.states import OPERATIONS, TRIGGER_CRASH_DUMP


class Guest:
    def __init__(self, compute_rpc):
        self._rpc = compute_rpc

    def diagnostics(self, context, server):
        """See virt.driver.Guest.

        :raises ServerNotReady: the server has no host, or its host does not answer.  :raises GuestOff:
        """
        if server.host is None:
            raise exceptions.ServerNotReady(server_id=server.id)
        try:
            return self._rpc.get_diagnostics(context, server.host, server.id)
        except exceptions.GuestNotFound as error:
            raise exceptions.GuestOff(server_id=server.id, state="pending") from error
        except exceptions.NoAnswer as error:
            raise exceptions.ServerNotReady(server_id=server.id) from error

    def crash(self, context, server):
        """Send the guest an NMI.  :raises InvalidState, ServerLocked:"""
        with db.writer() as session:
            operations.check(session, context, server.id, TRIGGER_CRASH_DUMP)
            operations.record_ended(session, context, TRIGGER_CRASH_DUMP, server)
        self._rpc.trigger_crash_dump(context, server.host, server.id)

    def change_password(self, context, server, password):
        """:raises InvalidState, ServerLocked:
        :raises AgentNotEnabled: the image has not ``hw_qemu_guest_agent``.
        """
        operation = OPERATIONS["change_password"]
        with db.writer() as session:
            operations.check(session, context, server.id, operation)
            if not strutils.bool_from_string(server.image_properties.get("hw_qemu_guest_agent", "no")):
                raise exceptions.AgentNotEnabled()
            operation_id, host = operations.begin(session, context, server.id, operation, {
                "admin_pass": crypt.seal(password), "user": _user(server.image_properties)})
        self._rpc.change_password(context, host, operation_id)


def _user(properties):
    """The user whose password is changed: the image's ``os_admin_user``, or the usual one of its operating system."""
    return properties.get("os_admin_user") or (
        "Administrator" if properties.get("os_type") == "windows" else "root")
