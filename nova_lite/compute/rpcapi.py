"""The client side of the RPC API of compute services; one method here is one of ``compute/manager.py:Endpoint``.

Methods that notify of an operation have the name of its row in ``objects.states.OPERATIONS``.
"""

from nova_lite.common import rpc

TOPIC = "compute"
VERSION = "2.0"


class ComputeAPI:
    """Calls and casts to hosts.  A cast notifies of an operation by its id; it may be lost, doubled or late."""

    def __init__(self):
        self._client = rpc.client(TOPIC, VERSION)

    def build_server(self, context, host, operation_id):
        self._notify(context, host, "build_server", operation_id)

    def stop_server(self, context, host, operation_id):
        self._notify(context, host, "stop_server", operation_id)

    def start_server(self, context, host, operation_id):
        self._notify(context, host, "start_server", operation_id)

    def reboot_server(self, context, host, operation_id):
        self._notify(context, host, "reboot_server", operation_id)

    def hard_reboot_server(self, context, host, operation_id):
        self._notify(context, host, "hard_reboot_server", operation_id)

    def pause_server(self, context, host, operation_id):
        self._notify(context, host, "pause_server", operation_id)

    def unpause_server(self, context, host, operation_id):
        self._notify(context, host, "unpause_server", operation_id)

    def suspend_server(self, context, host, operation_id):
        self._notify(context, host, "suspend_server", operation_id)

    def resume_server(self, context, host, operation_id):
        self._notify(context, host, "resume_server", operation_id)

    def rebuild_server(self, context, host, operation_id):
        self._notify(context, host, "rebuild_server", operation_id)

    def rescue_server(self, context, host, operation_id):
        self._notify(context, host, "rescue_server", operation_id)

    def unrescue_server(self, context, host, operation_id):
        self._notify(context, host, "unrescue_server", operation_id)

    def snapshot_server(self, context, host, operation_id):
        self._notify(context, host, "snapshot_server", operation_id)

    def backup_server(self, context, host, operation_id):
        self._notify(context, host, "backup_server", operation_id)

    def resize_server(self, context, host, operation_id):
        self._notify(context, host, "resize_server", operation_id)

    def confirm_resize(self, context, host, operation_id):
        self._notify(context, host, "confirm_resize", operation_id)

    def revert_resize(self, context, host, operation_id):
        self._notify(context, host, "revert_resize", operation_id)

    def change_password(self, context, host, operation_id):
        self._notify(context, host, "change_password", operation_id)

    def get_diagnostics(self, context, host, server_id):
        """As ``virt.driver.Guest.diagnostics`` returns.  :raises GuestNotFound:"""
        return self._client.to(host).call(context, "get_diagnostics", server_id=server_id)

    def trigger_crash_dump(self, context, host, server_id):
        """Send the guest an NMI, without waiting for the host."""
        self._client.to(host).cast(context, "trigger_crash_dump", server_id=server_id)

    def sync_power(self, context, host, server_id):
        """Let a host report the power state of a guest to the conductor now."""
        self._client.to(host).cast(context, "sync_power", server_id=server_id)

    def shelve_server(self, context, host, operation_id):
        self._notify(context, host, "shelve_server", operation_id)

    def offload_server(self, context, host, operation_id):
        self._notify(context, host, "offload_server", operation_id)

    def unshelve_server(self, context, host, operation_id):
        self._notify(context, host, "unshelve_server", operation_id)

    def attach_interface(self, context, host, operation_id):
        self._notify(context, host, "attach_interface", operation_id)

    def detach_interface(self, context, host, operation_id):
        self._notify(context, host, "detach_interface", operation_id)

    def add_fixed_ip(self, context, host, operation_id):
        self._notify(context, host, "add_fixed_ip", operation_id)

    def remove_fixed_ip(self, context, host, operation_id):
        self._notify(context, host, "remove_fixed_ip", operation_id)

    def soft_delete_server(self, context, host, operation_id):
        self._notify(context, host, "soft_delete_server", operation_id)

    def restore_server(self, context, host, operation_id):
        self._notify(context, host, "restore_server", operation_id)

    def delete_server(self, context, host, operation_id):
        self._notify(context, host, "delete_server", operation_id)

    def get_console_output(self, context, host, server_id, max_bytes):
        """The last ``max_bytes`` of the serial console's log, as text.  :raises GuestNotFound:"""
        return self._client.to(host).call(context, "get_console_output", server_id=server_id,
                                               max_bytes=max_bytes)

    def open_console(self, context, host, server_id, protocol):
        """{"host", "port", "path"}: where a proxy can connect to a console in the next seconds.

        :param protocol: "vnc" or "serial".  The proxy must send ``path`` and a newline first.
        :raises GuestNotFound:
        """
        return self._client.to(host).call(context, "open_console", server_id=server_id, protocol=protocol)

    def audit(self, context, host, asked):
        """Let a host run an audit at once.  :param asked: when it was asked for, as ISO 8601 text."""
        self._client.to(host).cast(context, "audit", asked=asked)

    def cache_images(self, context, host, images):
        """Let a host download [objects.Image] into its cache, without waiting for it."""
        self._client.to(host).cast(context, "cache_images", images=images)

    def _notify(self, context, host, method, operation_id):
        self._client.to(host).cast(context, method, operation_id=operation_id)

    def notify(self, context, host, operation_name, operation_id):
        """Notify a host of an operation whose name is a value; it calls the method of that name."""
        getattr(self, operation_name)(context, host, operation_id)
