"""Guests stand still and go on: paused in memory, or suspended by libvirt's managed save."""

from nova_lite.common import exception
from nova_lite.virt import driver
from nova_lite.virt.libvirt import guest


class Pause(driver.Pause):
    def __init__(self, connection, power, options):
        self._connection = connection
        self._power = power
        self._options = options

    def pause(self, server_id):
        self._connection.ask(guest.pause, server_id)

    def unpause(self, server_id):
        self._connection.ask(guest.unpause, server_id)

    def suspend(self, server_id):
        if not self._connection.ask(guest.save, server_id, deadline=self._options.save_timeout):
            raise exception.HypervisorError(reason="the guest is off, and its memory was not saved")

    def resume(self, spec):
        if not self._connection.call(guest.restore, spec.id, deadline=self._options.save_timeout):
            self._power.start(spec)
