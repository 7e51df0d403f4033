"""Brings libvirt's events from its native thread to the service's threads, also over restarts of libvirtd."""

import collections
import contextlib
import logging

import libvirt

from nova_lite.common import concurrency, exceptions, retry
from nova_lite.objects.states import Power
from nova_lite.virt.libvirt import domains
from nova_lite.virt.libvirt.connection import Connection

LOG = logging.getLogger(__name__)

_POWER = {
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: Power.NOSTATE,
    libvirt.VIR_DOMAIN_EVENT_STARTED: Power.RUNNING,
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: Power.PAUSED,
    libvirt.VIR_DOMAIN_EVENT_RESUMED: Power.RUNNING,
    libvirt.VIR_DOMAIN_EVENT_STOPPED: Power.SHUTDOWN,
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: Power.SUSPENDED,
    libvirt.VIR_DOMAIN_EVENT_CRASHED: Power.CRASHED,
}
_PAUSES = 0.2, 10       # seconds between attempts to reach libvirtd again, at first and at most
_CLOSE = object()


class Events:
    """Reads libvirt's events and reports each change of a guest's power once to all watchers.

    After libvirtd was away, changes of that time are found by comparing all guests, and reported as well.
    """

    def __init__(self, connection, mail, cloud):
        self._connection = connection
        self._mail = mail
        self._cloud = cloud
        self._watchers = []
        self._waiting = collections.defaultdict(set)
        self._known = {}                # server id -> Power last reported; guests of this cloud only
        self._foreign = set()
        self._closed = False
        self._task = None

    def start(self):
        """Connect, and keep listening; doing it twice is harmless."""
        if self._task is None:
            self._task = concurrency.spawn(self._listen)

    def watch(self, callback):
        self._watchers.append(callback)
        self.start()

    @contextlib.contextmanager
    def changes(self, server_id):
        """An Event that is set whenever the guest's power changes, or a device was removed or could not be.

        Clear it before waiting again.
        """
        changed = concurrency.Event()
        self._waiting[server_id].add(changed)
        try:
            yield changed
        finally:
            self._waiting[server_id].discard(changed)
            if not self._waiting[server_id]:
                del self._waiting[server_id]

    def close(self):
        self._closed = True
        self._mail.put(_CLOSE)

    def _listen(self):
        self._known = self._reach() or {}
        while not self._closed:
            message = self._mail.get()
            try:
                self._read(message)
            except exceptions.HypervisorError as error:
                LOG.warning("an event of libvirt could not be read, so all guests are compared: %s", error)
                self._catch_up(self._reach())

    def _read(self, message):
        if message == Connection.BROKEN:
            LOG.warning("libvirtd hung up; connecting again")
            self._connection.hung_up()
            self._catch_up(self._reach())
        elif message is not _CLOSE:
            server_id, event = message
            if event == Connection.DEVICE:
                self._notify(server_id)
                return
            if event in _POWER and self._is_ours(server_id):
                self._report(server_id, self._meaning(server_id, event))

    def _meaning(self, server_id, event):
        """The power after an event; a guest whose definition is removed may run on without one."""
        if event == libvirt.VIR_DOMAIN_EVENT_UNDEFINED:
            return self._connection.call(domains.power_of, server_id)
        return _POWER[event]

    def _reach(self):
        """{server id: Power} once libvirtd answers; None when closed before."""
        return retry.after_errors(self._ours, exceptions.HypervisorError, retry.growing(*_PAUSES),
                                  lambda error: LOG.warning("%s; libvirtd is asked again", error))

    def _ours(self):
        return None if self._closed else self._connection.call(domains.ours, self._cloud)

    def _catch_up(self, present):
        if present is not None:
            for server_id in {*self._known, *present}:
                self._report(server_id, present.get(server_id, Power.NOSTATE))

    def _is_ours(self, server_id):
        if server_id in self._known:
            return True
        if server_id in self._foreign:
            return False
        mine = self._connection.call(domains.is_ours, server_id, self._cloud)
        if mine is False:
            self._foreign.add(server_id)
        return mine

    def _report(self, server_id, power):
        if self._known.get(server_id) is power:
            return
        self._known[server_id] = power
        if power is Power.NOSTATE:
            del self._known[server_id]
        self._notify(server_id)
        for callback in tuple(self._watchers):
            try:
                callback(server_id, power)
            except Exception:
                LOG.exception("a watcher failed on guest %s becoming %s", server_id, power.name)

    def _notify(self, server_id):
        for changed in tuple(self._waiting.get(server_id, ())):
            changed.set()
