"""Copies guests' disks: of a running guest by a block job that mirrors the disk, of one that is off from the file.

A mirror copies only what the guest wrote, into an overlay of the same backing image, and is ended at one moment.  Then
overlay and backing image are read into one file while the guest runs.
"""

import contextlib
import os
import time

from nova_lite.common import concurrency, exceptions, sandbox
from nova_lite.virt import driver
from nova_lite.virt.libvirt import agent, disks, domains
from nova_lite.virt.libvirt.build import translated_os_errors

_POLL = 0.2             # seconds between looks at the mirror
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
        if self._connection.call(domains.runs, server_id):
            source = files.snapshot_delta
            self._mirror(server_id, files, must_be_quiet, cancelled)
        try:
            sandbox.convert(source, "qcow2", files.snapshot, "qcow2")
        except (exceptions.ToolFailed, exceptions.ToolLimited) as error:
            self.drop(server_id)
            raise exceptions.HypervisorRefused(reason=f"the disk could not be copied: {error}",
                                              public="The server's disk could not be copied.") from error
        _remove(files.snapshot_delta)
        return files.snapshot

    def drop(self, server_id):
        files = self._build.files(server_id)
        self._connection.call(domains.end_copy, server_id, files.disk)
        if os.path.exists(files.snapshot_delta):
            self._thaw(server_id)       # a service that froze it may have died before it thawed it
        _remove(files.snapshot_delta)
        _remove(files.snapshot)

    def leftovers(self):
        return disks.copied(self._conf.state_dir)

    def _thaw(self, server_id):
        self._connection.call(agent.thaw, server_id, deadline=agent.DEADLINE)

    def _mirror(self, server_id, files, must_be_quiet, cancelled):
        with translated_os_errors():
            disks.write_empty_copy(files, files.snapshot_delta)
        self._connection.call_guest(domains.copy_disk, server_id, files.disk, files.snapshot_delta)
        end = time.monotonic() + _LONGEST
        while not self._connection.call_guest(domains.is_copied, server_id, files.disk):
            if time.monotonic() > end:
                self.drop(server_id)
                raise exceptions.HypervisorError(reason=f"copying the disk took longer than {_LONGEST} s")
            if cancelled is not None and cancelled():
                self.drop(server_id)
                raise exceptions.Cancelled(f"Copying the disk of server {server_id} was cancelled.")
            concurrency.sleep(_POLL)
        try:
            reason = self._connection.call_guest(agent.freeze, server_id, deadline=agent.DEADLINE)
            if reason is not None and must_be_quiet:
                self.drop(server_id)
                raise exceptions.HypervisorRefused(
                    reason=f"the image says os_require_quiesce, and the guest's agent did not do so: {reason}",
                    public="The image says os_require_quiesce, and the guest's agent did not do so.")
            self._connection.call(domains.end_copy, server_id, files.disk)
        finally:
            self._thaw(server_id)


def _remove(path):
    with translated_os_errors(), contextlib.suppress(FileNotFoundError):
        os.unlink(path)
