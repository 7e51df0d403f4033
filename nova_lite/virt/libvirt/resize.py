"""Guests' disks grow, the one before put aside until somebody says which to keep."""

import contextlib
import glob
import os

from nova_lite.common import exception, sandbox
from nova_lite.virt import driver
from nova_lite.virt.libvirt import disks, guest
from nova_lite.virt.libvirt.lifecycle import explained


class Resize(driver.Resize):
    def __init__(self, connection, build, conf):
        self._connection = connection
        self._build = build
        self._timeout = conf.libvirt.start_timeout

    def check(self, spec):
        wanted = spec.disk.size_gb * disks.GIB
        if wanted and wanted < disks.size_of(self._build.files(spec.id)):
            raise exception.HypervisorError(reason="a disk cannot be made smaller")

    def resize(self, spec, label):
        files = self._build.files(spec.id)
        aside = files.aside(label)
        self._off(spec.id)
        try:
            if not os.path.exists(aside):
                self.confirm(spec.id)           # what a resize left that was given up by hand
                _copy(files.disk, aside)
            wanted = spec.disk.size_gb * disks.GIB
            if wanted > disks.size_of(files):
                sandbox.resize(files.disk, "qcow2", wanted)
        except (exception.ToolFailed, exception.ToolLimited) as error:
            raise exception.HypervisorError(reason=f"the disk could not be resized: {error}") from error

    def revert(self, server_id, label):
        files = self._build.files(server_id)
        self._off(server_id)
        with explained(), contextlib.suppress(FileNotFoundError):
            os.rename(files.aside(label), files.disk)

    def confirm(self, server_id):
        for path in glob.glob(glob.escape(self._build.files(server_id).aside()) + "*"):
            with explained(), contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _off(self, server_id):
        self._connection.call(guest.cut_of, server_id, deadline=self._timeout)


def _copy(source, target):
    """Copy a file whole or not at all; where the file system can, they share what is the same."""
    draft = f"{target}.new"
    sandbox.run(["cp", "--reflink=auto", "--sparse=always", "--preserve=mode", source, draft], sandbox.working())
    os.rename(draft, target)
