"""Guests stand still and go on: paused in memory, or suspended by libvirt's managed save."""

import os

from nova_lite.common import concurrency, exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt import guest

_ROOM = 64 << 20        # bytes that must be free before a guest that a full disk halted goes on


class Pause(driver.Pause):
    def __init__(self, connection, power, build, options):
        self._connection = connection
        self._power = power
        self._build = build
        self._options = options

    def pause(self, server_id):
        self._connection.ask(guest.pause, server_id)

    def unpause(self, server_id):
        self._connection.ask(guest.unpause, server_id)

    def go_on(self, server_id):
        space = concurrency.native(os.statvfs, self._build.files(server_id).directory,
                                   deadline=self._options.call_timeout, what="looking for room on a disk")
        return space.f_frsize * space.f_bavail >= _ROOM and self._connection.ask(guest.go_on, server_id)

    def suspend(self, server_id):
        if not self._connection.ask(guest.save, server_id, deadline=self._options.save_timeout):
            raise exception.HypervisorError(reason="the guest is off, and its memory was not saved")

    def resume(self, spec):
        if not self._connection.call(guest.restore, spec.id, deadline=self._options.save_timeout):
            self._power.start(spec)
