"""Grows guests' disks, and keeps copies of them as they were until the resize is confirmed or reverted."""

import contextlib
import glob
import os

from nova_lite.common import atomic_file, exceptions, sandbox
from nova_lite.virt import driver
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import disks, domains, local_disks
from nova_lite.virt.libvirt.build import translated_os_errors


class Resize(driver.Resize):
    def __init__(self, connection, build, conf):
        self._connection = connection
        self._build = build
        self._timeout = conf.libvirt.start_timeout
        self._filesystem = conf.compute.default_ephemeral_format

    def check(self, spec):
        wanted = spec.disk(virt.ROOT).content.size_gb * disks.GIB
        if wanted and wanted < disks.size_of(self._build.files(spec.id)):
            raise exceptions.HypervisorError(reason="a disk cannot be made smaller")

    def resize(self, spec, label):
        files = self._build.files(spec.id)
        aside = files.before_resize(label)
        self._off(spec.id)
        try:
            if not os.path.exists(aside):
                self.confirm(spec.id)           # remove the copies of a resize that an administrator's reset ended
                for each in local_disks.ephemeral(files):
                    _copy(each, local_disks.before_resize(each, label))
                _copy(files.disk, aside)        # last: where it is, all are
            wanted = spec.disk(virt.ROOT).content.size_gb * disks.GIB
            if wanted > disks.size_of(files):
                sandbox.resize(files.disk, "qcow2", wanted)
            with translated_os_errors():
                local_disks.resize(files, spec.disks, self._filesystem)
        except (exceptions.ToolFailed, exceptions.ToolLimited) as error:
            raise exceptions.HypervisorRefused(reason=f"the disk could not be resized: {error}",
                                              public="The server's disk could not be resized.") from error

    def revert(self, spec, label):
        files = self._build.files(spec.id)
        self._off(spec.id)
        with translated_os_errors():
            local_disks.revert(files, label, spec.disks)
            with contextlib.suppress(FileNotFoundError):
                os.rename(files.before_resize(label), files.disk)

    def confirm(self, server_id):
        for path in glob.glob(glob.escape(self._build.files(server_id).disk) + "*.resize.*"):
            with translated_os_errors(), contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _off(self, server_id):
        self._connection.call(domains.cut_of, server_id, deadline=self._timeout)


def _copy(source, target):
    """Copy a file whole or not at all; where the file system can, they share what is the same."""
    with atomic_file.replacing(target) as draft:
        sandbox.run(["cp", "--reflink=auto", "--sparse=always", "--preserve=mode", source, draft], sandbox.working())
