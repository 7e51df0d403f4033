"""Pauses guests in memory, or suspends them by libvirt's managed save."""

import os

from nova_lite.common import concurrency, exceptions
from nova_lite.virt import driver
from nova_lite.virt.libvirt import domains

_MIN_FREE = 64 << 20        # bytes that must be free before a guest that a full disk halted is resumed


class Pause(driver.Pause):
    def __init__(self, connection, power, build, options):
        self._connection = connection
        self._power = power
        self._build = build
        self._options = options

    def pause(self, server_id):
        self._connection.call_guest(domains.pause, server_id)

    def unpause(self, server_id):
        self._connection.call_guest(domains.unpause, server_id)

    def resume_halted(self, server_id):
        space = concurrency.native(os.statvfs, self._build.files(server_id).directory,
                                   deadline=self._options.call_timeout, what="looking for space on a disk")
        has_space = space.f_frsize * space.f_bavail >= _MIN_FREE
        return has_space and self._connection.call_guest(domains.resume_halted, server_id)

    def suspend(self, server_id):
        if not self._connection.call_guest(domains.save, server_id, deadline=self._options.save_timeout):
            raise exceptions.HypervisorError(reason="the guest is off, and its memory was not saved")

    def resume(self, spec):
        if not self._connection.call(domains.restore, spec.id, deadline=self._options.save_timeout):
            self._power.start(spec)
