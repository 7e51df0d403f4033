"""Creates guests (their files, definition and first start) and removes them."""

import contextlib
import dataclasses
import logging
import os

from nova_lite.common import concurrency, exceptions
from nova_lite.common.hardware import processors
from nova_lite.virt import driver
from nova_lite.virt import spec as virt
from nova_lite.virt.libvirt import capabilities, config_drive, disks, domains, guest_config, local_disks, requested
from nova_lite.virt.libvirt.disks import Files

LOG = logging.getLogger(__name__)


class Build(driver.Build):
    def __init__(self, connection, conf, virt_type):
        self._connection = connection
        self._conf = conf
        self._virt_type = virt_type         # a callable: finding out takes seconds, once
        self._cache = None
        self._placing = concurrency.Lock()

    def check(self, spec):
        guest_config.domain(spec, self._settings(spec, self.files(spec.id), "none"))

    def spawn(self, spec):
        if self._connection.call_retrying(domains.runs, spec.id):
            return
        with contextlib.ExitStack() as undo:
            undo.callback(self._undo, spec.id)
            files = self.files(spec.id)
            with translated_os_errors():
                files.make()
                for each in spec.disks_with(virt.Overlay):
                    disks.ensure(files, each)
                local_disks.ensure(files, spec.disks, self._conf.compute.default_ephemeral_format)
                for each in spec.disks_with(virt.ConfigDrive):
                    config_drive.write(files, each)
            with self._placed(spec):
                self._connection.call_retrying(domains.start, self._domain(spec, files), spec.paused,
                                        deadline=self._conf.libvirt.start_timeout)
            undo.pop_all()

    def destroy(self, server_id):
        timeout = self._conf.libvirt.start_timeout
        self._connection.call_retrying(domains.forget, server_id, deadline=timeout)
        with translated_os_errors():
            concurrency.native(self.files(server_id).remove, deadline=timeout, what="removing a guest's files")

    def with_definition(self, fn, spec):
        """Call ``fn`` (domains.start or domains.restart) with the ``definition`` of a guest."""
        with self._placed(spec):
            self._connection.call_retrying(fn, self.definition(spec), spec.paused,
                                           deadline=self._conf.libvirt.start_timeout)

    def _placed(self, spec):
        """A lock for guests that take processors of the host to themselves: no two may choose the same."""
        return self._placing if requested.needs_capabilities(spec) else contextlib.nullcontext()

    def definition(self, spec):
        """The xml.domain.Domain of a guest that was spawned before; its swap and config drive are made anew when lost.

        What an overlay lies on is read from its file: ``spec`` need not know the image any more.
        :raises HypervisorError: one of its other disks is gone.
        """
        files = self.files(spec.id)
        spec = dataclasses.replace(spec, disks=tuple(
            disks.with_backing(files, each) if isinstance(each.content, virt.Overlay) else each
            for each in spec.disks))
        with translated_os_errors():
            local_disks.require(files, spec.disks, self._conf.compute.default_ephemeral_format)
            for each in spec.disks_with(virt.ConfigDrive):
                if not os.path.exists(files.path(each.source)):
                    config_drive.write(files, each)
        return self._domain(spec, files)

    def files(self, server_id):
        """Where a guest's files are."""
        return Files.of(self._conf.state_dir, server_id)

    def cache(self, files):
        """How QEMU caches guests' files: "none", or "writeback" where the file system has no direct I/O."""
        if self._cache is None:
            self._cache = "none" if disks.has_direct_io(files.directory) else "writeback"
        return self._cache

    def _domain(self, spec, files):
        return guest_config.domain(spec, self._settings(spec, files, self.cache(files)))

    def _settings(self, spec, files, cache):
        return guest_config.HostSettings(
            cloud=os.path.realpath(self._conf.state_dir), virt_type=self._virt_type(), files=files,
            options=self._conf.libvirt, cache=cache, shared=self._shared(), capabilities=self._capabilities(spec))

    def _shared(self):
        """Processors for guests that have none to themselves; None: any."""
        options = self._conf.compute
        if options.cpu_shared_set:
            return processors.numbers(options.cpu_shared_set)
        if options.cpu_dedicated_set:
            return frozenset(range(os.cpu_count())) - processors.numbers(options.cpu_dedicated_set)
        return None

    def _capabilities(self, spec):
        if not requested.needs_capabilities(spec):
            return capabilities.Capabilities()
        return self._connection.call_retrying(capabilities.read, self._conf.compute, spec.id)

    def _undo(self, server_id):
        try:
            self.destroy(server_id)
        except exceptions.NovaLiteError as error:
            LOG.error("what is left of guest %s could not be removed: %s", server_id, error)


@contextlib.contextmanager
def translated_os_errors():
    """Turn the operating system's errors about a guest's files into HypervisorError."""
    try:
        yield
    except OSError as problem:
        LOG.error("A guest's files: %s", problem)
        raise exceptions.HypervisorError(reason=f"the guest's files: {problem.strerror or problem}") from problem
