"""Turns guests on and off: by their power button, and by cutting the power of those that do not react to it."""

import contextlib
import time

from nova_lite.common import exceptions
from nova_lite.objects.states import Power as State
from nova_lite.virt import driver
from nova_lite.virt.libvirt import domains

_POLL = 0.3             # seconds between looks at ``cancelled``, and at the guest in case an event was lost
_OFF = (State.SHUTDOWN, State.CRASHED, State.NOSTATE)


class Power(driver.Power):
    def __init__(self, connection, events, build, options):
        self._connection = connection
        self._events = events
        self._build = build
        self._options = options

    def stop(self, server_id, timeout, cancelled=None):
        if not self._goes_off(server_id, timeout, cancelled):
            with contextlib.suppress(exceptions.GuestNotFound):          # gone since, so it is off
                self._connection.call_guest(domains.cut, server_id, deadline=self._options.start_timeout)

    def start(self, spec):
        self._change(domains.start, spec)

    def reboot(self, spec, timeout, cancelled=None):
        if self._goes_off(spec.id, timeout, cancelled):
            self.start(spec)
        else:
            self.reset(spec)

    def reset(self, spec):
        self._change(domains.restart, spec)

    def state(self, server_id):
        return self._connection.call_retrying(domains.power_of, server_id)

    def _change(self, fn, spec):
        self._build.with_definition(fn, spec)

    def _goes_off(self, server_id, timeout, cancelled):
        """Whether the guest is off after at most ``timeout`` seconds of asking it to shut down.

        :raises GuestNotFound: there is none.
        :raises Cancelled: ``cancelled`` answered True.
        """
        end = time.monotonic() + timeout
        press_at = time.monotonic()
        self._connection.call_guest(domains.power, server_id)
        with self._events.changes(server_id) as changed:
            while True:
                if cancelled is not None and cancelled():
                    raise exceptions.Cancelled(f"Waiting for server {server_id} to shut down was cancelled.")
                now = time.monotonic()
                press = press_at <= now < end
                if press:
                    press_at = now + self._options.acpi_interval
                changed.clear()
                try:
                    power = self._connection.call_guest(domains.press if press else domains.power, server_id)
                except exceptions.GuestNotFound:
                    return True             # it had no definition, so nothing was left of it when it went off
                if power in _OFF:
                    return True
                if now >= end:
                    return False
                changed.wait(min(_POLL, end - now))
