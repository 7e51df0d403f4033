"""Changes of guests, from libvirt's native thread to the service's own, over restarts of libvirtd."""

import collections
import contextlib
import logging

import libvirt

from nova_lite.common import concurrency, exception
from nova_lite.objects.states import Power
from nova_lite.virt.libvirt import guest
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
_PAUSES = (0.2, 0.5, 1, 2, 5, 10)       # seconds between attempts to reach libvirtd again
_CLOSE = object()


class Events:
    """Reads the connection's mail and tells watchers, each change once.

    After libvirtd was away, what changed meanwhile is found by comparing and told as well.
    """

    def __init__(self, connection, mail, cloud):
        self._connection = connection
        self._mail = mail
        self._cloud = cloud
        self._watchers = []
        self._bells = collections.defaultdict(set)
        self._known = {}                # server id -> Power last told; only guests of ours
        self._strangers = set()
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
    def bell(self, server_id):
        """An Event that is set whenever the guest's power changes, or a device of its goes or is kept; clear it before
        waiting again."""
        bell = concurrency.Event()
        self._bells[server_id].add(bell)
        try:
            yield bell
        finally:
            self._bells[server_id].discard(bell)
            if not self._bells[server_id]:
                del self._bells[server_id]

    def close(self):
        self._closed = True
        self._mail.put(_CLOSE)

    def _listen(self):
        self._known = self._reach() or {}
        while not self._closed:
            message = self._mail.get()
            try:
                self._read(message)
            except exception.HypervisorError as error:
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
                self._ring(server_id)
                return
            if event in _POWER and self._is_ours(server_id):
                self._tell(server_id, self._meaning(server_id, event))

    def _meaning(self, server_id, event):
        """The power that an event tells of; a guest whose definition is removed may run on without one."""
        if event == libvirt.VIR_DOMAIN_EVENT_UNDEFINED:
            return self._connection.call(guest.power_of, server_id)
        return _POWER[event]

    def _reach(self):
        """{server id: Power} once libvirtd answers; None when closed before."""
        for pause in _forever(_PAUSES):
            if self._closed:
                return None
            try:
                return self._connection.call(guest.ours, self._cloud)
            except exception.HypervisorError as error:
                LOG.warning("%s; next attempt in %s s", error, pause)
                concurrency.sleep(pause)
        return None

    def _catch_up(self, present):
        if present is not None:
            for server_id in {*self._known, *present}:
                self._tell(server_id, present.get(server_id, Power.NOSTATE))

    def _is_ours(self, server_id):
        if server_id in self._known:
            return True
        if server_id in self._strangers:
            return False
        mine = self._connection.call(guest.is_ours, server_id, self._cloud)
        if mine is False:
            self._strangers.add(server_id)
        return mine

    def _tell(self, server_id, power):
        if self._known.get(server_id) is power:
            return
        self._known[server_id] = power
        if power is Power.NOSTATE:
            del self._known[server_id]
        self._ring(server_id)
        for callback in tuple(self._watchers):
            try:
                callback(server_id, power)
            except Exception:
                LOG.exception("a watcher failed on guest %s becoming %s", server_id, power.name)

    def _ring(self, server_id):
        for bell in tuple(self._bells.get(server_id, ())):
            bell.set()


def _forever(pauses):
    yield from pauses
    while True:
        yield pauses[-1]
