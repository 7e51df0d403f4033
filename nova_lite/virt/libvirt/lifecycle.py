"""Guests come and go: their files, their definition, their first start, their end."""

import contextlib
import dataclasses
import logging
import os

from nova_lite.common import concurrency, exception
from nova_lite.common.hardware import processors
from nova_lite.virt import driver
from nova_lite.virt.libvirt import abilities, asked, build, config_drive, disks, guest
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
        build.domain(spec, self._site(spec, self.files(spec.id), "none"))

    def spawn(self, spec):
        if self._connection.insist(guest.runs, spec.id):
            return
        with contextlib.ExitStack() as undo:
            undo.callback(self._undo, spec.id)
            files = self.files(spec.id)
            with explained():
                files.make()
                disks.ensure(files.disk, spec.disk)
                self.write_config_drive(spec, files.config_drive)
            with self._placed(spec):
                self._connection.insist(guest.start, self._domain(spec, files),
                                        deadline=self._conf.libvirt.start_timeout)
            undo.pop_all()

    def destroy(self, server_id):
        timeout = self._conf.libvirt.start_timeout
        self._connection.insist(guest.forget, server_id, deadline=timeout)
        with explained():
            concurrency.native(self.files(server_id).remove, deadline=timeout, what="removing a guest's files")

    def again(self, fn, spec):
        """Call ``fn`` (guest.start or guest.restart) with the ``blueprint`` of a guest."""
        with self._placed(spec):
            self._connection.insist(fn, self.blueprint(spec), deadline=self._conf.libvirt.start_timeout)

    def _placed(self, spec):
        """One at a time of those that take processors of the host to themselves: no two may choose the same."""
        return self._placing if asked.asks(spec) else contextlib.nullcontext()

    def blueprint(self, spec):
        """The xml.domain.Domain of a guest that has been spawned before; its lost config drive is made anew.

        What its disk lies over is read from the disk: ``spec`` need not know the image any more.
        :raises HypervisorError: its disk is gone.
        """
        files = self.files(spec.id)
        base, base_format = disks.chain(files)
        spec = dataclasses.replace(spec, disk=dataclasses.replace(spec.disk, base=base, base_format=base_format))
        if spec.config_drive is not None and not os.path.exists(files.config_drive):
            with explained():
                self.write_config_drive(spec, files.config_drive)
        return self._domain(spec, files)

    def files(self, server_id):
        """Where a guest's files are."""
        return Files.of(self._conf.state_dir, server_id)

    def _domain(self, spec, files):
        if self._cache is None:
            self._cache = "none" if disks.has_direct_io(files.directory) else "writeback"
        return build.domain(spec, self._site(spec, files, self._cache))

    def _site(self, spec, files, cache):
        return build.Site(
            cloud=os.path.realpath(self._conf.state_dir), virt_type=self._virt_type(), files=files,
            options=self._conf.libvirt, config_drive=os.path.exists(files.config_drive), cache=cache,
            shared=self._shared(), abilities=self._abilities(spec))

    def _shared(self):
        """Processors for guests that have none to themselves; None: any."""
        options = self._conf.compute
        if options.cpu_shared_set:
            return processors.numbers(options.cpu_shared_set)
        if options.cpu_dedicated_set:
            return frozenset(range(os.cpu_count())) - processors.numbers(options.cpu_dedicated_set)
        return None

    def _abilities(self, spec):
        if not asked.asks(spec):
            return abilities.Abilities()
        return self._connection.insist(abilities.read, self._conf.compute, spec.id)

    @staticmethod
    def write_config_drive(spec, path):
        """Make the config drive at ``path``, if the guest has one."""
        if spec.config_drive is not None:
            disks.write_whole(path, config_drive.image(spec.config_drive))

    def _undo(self, server_id):
        try:
            self.destroy(server_id)
        except exception.NovaLiteError as error:
            LOG.error("what is left of guest %s could not be removed: %s", server_id, error)


@contextlib.contextmanager
def explained():
    """Turn the operating system's refusals into the server's fault."""
    try:
        yield
    except OSError as problem:
        LOG.error("A guest's files: %s", problem)
        raise exception.HypervisorError(reason=f"the guest's files: {problem.strerror or problem}") from problem
