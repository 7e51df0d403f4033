"""What a host can be asked; one method here is one endpoint method of ``compute/manager.py``."""

from nova_lite.common import rpc

TOPIC = "compute"
VERSION = "1.0"


class ComputeAPI:
    """The wire to hosts.  Casts are doorbells: they carry an operation's id, and may be lost, doubled or late."""

    def __init__(self):
        self._client = rpc.client(TOPIC, VERSION)

    def build_server(self, context, host, operation_id):
        self._ring(context, host, "build_server", operation_id)

    def stop_server(self, context, host, operation_id):
        self._ring(context, host, "stop_server", operation_id)

    def start_server(self, context, host, operation_id):
        self._ring(context, host, "start_server", operation_id)

    def reboot_server(self, context, host, operation_id):
        self._ring(context, host, "reboot_server", operation_id)

    def reset_server(self, context, host, operation_id):
        self._ring(context, host, "reset_server", operation_id)

    def pause_server(self, context, host, operation_id):
        self._ring(context, host, "pause_server", operation_id)

    def unpause_server(self, context, host, operation_id):
        self._ring(context, host, "unpause_server", operation_id)

    def suspend_server(self, context, host, operation_id):
        self._ring(context, host, "suspend_server", operation_id)

    def resume_server(self, context, host, operation_id):
        self._ring(context, host, "resume_server", operation_id)

    def rebuild_server(self, context, host, operation_id):
        self._ring(context, host, "rebuild_server", operation_id)

    def rescue_server(self, context, host, operation_id):
        self._ring(context, host, "rescue_server", operation_id)

    def unrescue_server(self, context, host, operation_id):
        self._ring(context, host, "unrescue_server", operation_id)

    def snapshot_server(self, context, host, operation_id):
        self._ring(context, host, "snapshot_server", operation_id)

    def backup_server(self, context, host, operation_id):
        self._ring(context, host, "backup_server", operation_id)

    def resize_server(self, context, host, operation_id):
        self._ring(context, host, "resize_server", operation_id)

    def confirm_resize(self, context, host, operation_id):
        self._ring(context, host, "confirm_resize", operation_id)

    def revert_resize(self, context, host, operation_id):
        self._ring(context, host, "revert_resize", operation_id)

    def change_password(self, context, host, operation_id):
        self._ring(context, host, "change_password", operation_id)

    def get_diagnostics(self, context, host, server_id):
        """What ``virt.driver.Guests.diagnostics`` answers; raises GuestNotFound."""
        return self._client.to(host).call(context, "get_diagnostics", server_id=server_id)

    def trigger_crash_dump(self, context, host, server_id):
        """Send the guest an NMI, and wait for nothing."""
        self._client.to(host).cast(context, "trigger_crash_dump", server_id=server_id)

    def sync_power(self, context, host, server_id):
        """Look at a guest's power now, and tell the conductor of it."""
        self._client.to(host).cast(context, "sync_power", server_id=server_id)

    def shelve_server(self, context, host, operation_id):
        self._ring(context, host, "shelve_server", operation_id)

    def offload_server(self, context, host, operation_id):
        self._ring(context, host, "offload_server", operation_id)

    def unshelve_server(self, context, host, operation_id):
        self._ring(context, host, "unshelve_server", operation_id)

    def attach_interface(self, context, host, operation_id):
        self._ring(context, host, "attach_interface", operation_id)

    def detach_interface(self, context, host, operation_id):
        self._ring(context, host, "detach_interface", operation_id)

    def add_fixed_ip(self, context, host, operation_id):
        self._ring(context, host, "add_fixed_ip", operation_id)

    def remove_fixed_ip(self, context, host, operation_id):
        self._ring(context, host, "remove_fixed_ip", operation_id)

    def soft_delete_server(self, context, host, operation_id):
        self._ring(context, host, "soft_delete_server", operation_id)

    def restore_server(self, context, host, operation_id):
        self._ring(context, host, "restore_server", operation_id)

    def delete_server(self, context, host, operation_id):
        self._ring(context, host, "delete_server", operation_id)

    def get_console_output(self, context, host, server_id, max_bytes):
        """The end of the serial console's log, text; raises GuestNotFound."""
        return self._client.to(host).call(context, "get_console_output", server_id=server_id,
                                               max_bytes=max_bytes)

    def open_console(self, context, host, server_id, protocol):
        """{"host", "port", "path"} where a console is reached at this moment; raises GuestNotFound.

        :param protocol: "vnc", or "serial", whose port takes one caller, who must say ``path`` first.
        """
        return self._client.to(host).call(context, "open_console", server_id=server_id, protocol=protocol)

    def audit(self, context, host, asked):
        """Let a host look at itself at once, for somebody who waits since the moment ``asked``."""
        self._client.to(host).cast(context, "audit", asked=asked)

    def cache_images(self, context, host, images):
        """Get these objects.Image when there is time; whether it worked is not told."""
        self._client.to(host).cast(context, "cache_images", images=images)

    def _ring(self, context, host, method, operation_id):
        self._client.to(host).cast(context, method, operation_id=operation_id)

    def ring(self, context, host, operation_name, operation_id):
        """The doorbell of any operation, by its name in the table; for what must be rung again."""
        self._ring(context, host, DOORBELLS[operation_name], operation_id)


#: operation -> the endpoint that runs it on its host
DOORBELLS = {
    "create": "build_server", "stop": "stop_server", "start": "start_server", "reboot": "reboot_server",
    "reboot_hard": "reset_server", "delete": "delete_server", "pause": "pause_server", "unpause": "unpause_server",
    "suspend": "suspend_server", "resume": "resume_server", "soft_delete": "soft_delete_server",
    "restore": "restore_server", "rebuild": "rebuild_server", "rescue": "rescue_server",
    "unrescue": "unrescue_server", "createImage": "snapshot_server", "createBackup": "backup_server",
    "resize": "resize_server", "confirmResize": "confirm_resize", "revertResize": "revert_resize",
    "changePassword": "change_password", "shelve": "shelve_server", "shelveOffload": "offload_server",
    "unshelve": "unshelve_server", "attach_interface": "attach_interface", "detach_interface": "detach_interface",
    "addFixedIp": "add_fixed_ip", "removeFixedIp": "remove_fixed_ip",
}
