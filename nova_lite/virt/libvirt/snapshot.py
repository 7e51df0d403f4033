"""Copies of guests' disks: of a running one by a block job that mirrors it, of one that is off by reading its file.

A mirror copies only what the guest wrote (the base image is shared) into an overlay, and is ended at one moment; then
both are read into one file while the guest goes on.
"""

import contextlib
import os
import time

from nova_lite.common import concurrency, exception, sandbox
from nova_lite.virt import driver
from nova_lite.virt.libvirt import agent, disks, guest
from nova_lite.virt.libvirt.lifecycle import explained

_LOOK = 0.2             # seconds between looks at the mirror
_LONGEST = 3600


class Snapshot(driver.Snapshot):
    def __init__(self, connection, build, conf):
        self._connection = connection
        self._build = build
        self._conf = conf

    def take(self, server_id, must_be_quiet=False, cancelled=None):
        self.drop(server_id)
        files = self._build.files(server_id)
        source = files.disk
        if self._connection.call(guest.runs, server_id):
            source = files.snapshot_delta
            self._mirror(server_id, files, must_be_quiet, cancelled)
        try:
            sandbox.convert(source, "qcow2", files.snapshot, "qcow2")
        except (exception.ToolFailed, exception.ToolLimited) as error:
            self.drop(server_id)
            raise exception.HypervisorError(reason=f"the disk could not be copied: {error}") from error
        _remove(files.snapshot_delta)
        return files.snapshot

    def drop(self, server_id):
        files = self._build.files(server_id)
        self._connection.call(guest.end_copy, server_id, files.disk)
        if os.path.exists(files.snapshot_delta):
            self._thaw(server_id)       # who made it quiet may have died before the end
        _remove(files.snapshot_delta)
        _remove(files.snapshot)

    def leftovers(self):
        return disks.copied(self._conf.state_dir)

    def _thaw(self, server_id):
        self._connection.call(agent.thaw, server_id, deadline=agent.DEADLINE)

    def _mirror(self, server_id, files, must_be_quiet, cancelled):
        with explained():
            disks.twin(files, files.snapshot_delta)
        self._connection.ask(guest.copy_disk, server_id, files.disk, files.snapshot_delta)
        end = time.monotonic() + _LONGEST
        while not self._connection.ask(guest.is_copied, server_id, files.disk):
            if time.monotonic() > end:
                self.drop(server_id)
                raise exception.HypervisorError(reason=f"copying the disk took longer than {_LONGEST} s")
            if cancelled is not None and cancelled():
                self.drop(server_id)
                raise exception.Cancelled(f"Copying the disk of server {server_id} was cancelled.")
            concurrency.sleep(_LOOK)
        try:
            reason = self._connection.ask(agent.freeze, server_id, deadline=agent.DEADLINE)
            if reason is not None and must_be_quiet:
                self.drop(server_id)
                raise exception.HypervisorError(
                    reason=f"the image says os_require_quiesce, and the guest's agent did not do so: {reason}")
            self._connection.call(guest.end_copy, server_id, files.disk)
        finally:
            self._thaw(server_id)


def _remove(path):
    with explained(), contextlib.suppress(FileNotFoundError):
        os.unlink(path)
