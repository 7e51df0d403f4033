"""A connection to libvirt: calls run in native threads, with a deadline and a circuit breaker; it reconnects by itself.

libvirt's own event loop must be registered before the first connection is opened and must run for as long as one is
open, or keepalives go unanswered and libvirtd hangs up after half a minute.
"""

import functools
import itertools
import logging
import time

import libvirt

from nova_lite.common import concurrency, exceptions, retry

LOG = logging.getLogger(__name__)

_KEEPALIVE = (5, 3)             # seconds between questions, unanswered ones before the connection counts as broken
_FAILURES, _COOL_DOWN = 3, 5.0
_THREADS, _MOST_STUCK = 10, 20  # native threads of one connection
_PAUSE = 0.3                    # seconds between attempts to reach a libvirtd that is not there
_loop = None


def _start_event_loop():
    global _loop
    if _loop is None:
        libvirt.registerErrorHandler(lambda *_: None, None)     # errors are raised; libvirt would print them as well
        libvirt.virEventRegisterDefaultImpl()
        _loop = concurrency.spawn(_keep_event_loop)


def _keep_event_loop():
    while True:
        try:
            concurrency.native(_run_event_loop, deadline=None, what="libvirt's event loop")
        except Exception:
            LOG.exception("libvirt's event loop broke; it starts again")
            concurrency.sleep(1)


def _run_event_loop():
    while True:
        libvirt.virEventRunDefaultImpl()


class _Late(exceptions.HypervisorUnavailable):
    """libvirtd did not answer in time; this error, and not a quick refusal, opens the circuit."""


class _Absent(exceptions.HypervisorUnavailable):
    """libvirtd does not listen, or ended during the call, as when it restarts: it may be back soon."""


class _BeingRemoved(exceptions.HypervisorRefused):
    """A transient domain of that id has ended, and libvirt has not taken it out of its list yet."""


class Connection:
    """A connection that opens when first used, and again when it broke.

    :param mail: a concurrency.Mailbox that gets (server id, libvirt event) for each lifecycle event of any domain, and
        ``Connection.DEVICE`` as the event when a device has gone or is kept, and ``Connection.BROKEN`` when libvirtd
        hung up.
    """

    BROKEN = (None, None)
    DEVICE = "device"

    def __init__(self, uri, host, timeout, mail):
        self._uri = uri
        self._host = host
        self._timeout = timeout
        self._mail = mail
        self._live = None
        self._attempt = None                # the last _Attempt to connect, if it has not ended
        self._opening = concurrency.Lock()
        self._refused = (0.0, None)         # when and why the last attempt to connect failed
        self._natives = concurrency.Natives(_THREADS, _MOST_STUCK)
        self._breaker = concurrency.CircuitBreaker(
            "libvirt", failures=_FAILURES, cool_down=_COOL_DOWN, counts=(_Late,))

    def call(self, fn, *args, deadline=None):
        """Return ``fn(virConnect, *args)``, run in a native thread.

        When the connection turns out to be broken it is opened again and ``fn`` is called a second time, so ``fn`` must
        be safe to run twice.  ``fn`` must not wait for anything but libvirt, nor log.

        :param deadline: seconds; None takes [libvirt] call_timeout.
        :raises HypervisorUnavailable: libvirtd is not there, or did not answer in time.
        :raises HypervisorError: it refused.
        """
        try:
            with self._breaker:
                return self._twice(fn, args, deadline or self._timeout)
        except exceptions.CircuitOpen as error:
            raise self._unavailable(error) from None

    def call_retrying(self, fn, *args, deadline=None):
        """As ``call``, but a libvirtd that is away gets [libvirt] call_timeout to be back, as when it is restarted.

        So does one that still removes the domain that was there before.

        For steps of operations; questions that are repeated anyway, as those of periodic tasks, take ``call``.
        """
        return retry.after_errors(functools.partial(self.call, fn, *args, deadline=deadline),
                                  (_Absent, _BeingRemoved),
                                  retry.within(self._timeout, itertools.repeat(_PAUSE)))

    def call_guest(self, fn, server_id, *args, deadline=None):
        """Return ``fn(virDomain, *args)`` of one guest, called as by ``call_retrying``.

        :raises GuestNotFound: there is none.
        """
        def of_guest(live):
            return fn(live.lookupByUUIDString(server_id), *args)
        try:
            return self.call_retrying(of_guest, deadline=deadline)
        except exceptions.HypervisorError as error:
            if getattr(error, "code", None) != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            raise exceptions.GuestNotFound(host=self._host, server_id=server_id) from None

    def close(self):
        live, self._live = self._live, None
        if live is not None:
            self._put_away(live)

    def _put_away(self, live):
        """Free a connection and what it registered; a broken one keeps memory and descriptors otherwise."""
        try:
            self._natives.run(_close, live, deadline=self._timeout, what="closing libvirt")
        except (libvirt.libvirtError, exceptions.NovaLiteError) as error:
            LOG.debug("libvirt did not close cleanly: %s", error)

    def _twice(self, fn, args, deadline):
        for last in (False, True):
            live = self._opened(min(deadline, self._timeout))
            try:
                broken, error, result = self._natives.run(_run, fn, live, args, deadline=deadline,
                                                          what=f"libvirt's {fn.__name__}")
            except (exceptions.DeadlineExceeded, exceptions.Unavailable) as late:
                raise self._unavailable(late, _Late) from None
            if error is None:
                return result
            if not broken:
                raise _refusal(error)
            self._drop(live)
            if last:
                raise self._unavailable(error, _Absent)
        return None

    def _opened(self, deadline):
        began = time.monotonic()
        with self._opening:
            if self._live is None:
                when, why = self._refused
                if when >= began:
                    raise why               # found out while we waited for our turn to find out
                self._live = self._open(deadline)
            return self._live

    def _open(self, deadline):
        """A new connection, or the one that an earlier attempt, given up for hanging, came to in the end."""
        _start_event_loop()
        attempt, self._attempt = self._attempt or _Attempt(self._uri, self._mail), None
        try:
            if not attempt.started:
                self._natives.run(attempt.run, deadline=deadline, what=f"connecting to {self._uri}")
            return attempt.result()
        except libvirt.libvirtError as error:
            refusal = self._unavailable(error, _Absent)
        except (exceptions.DeadlineExceeded, exceptions.Unavailable) as late:
            self._attempt = attempt         # at most one hung attempt at a time
            refusal = self._unavailable(late, _Late)
        self._refused = (time.monotonic(), refusal)
        raise refusal

    def _drop(self, live):
        if self._live is live:
            self._live = None
            concurrency.spawn(self._put_away, live)

    def hung_up(self):
        """Forget the connection if it is broken, so that the next call opens a new one at once."""
        live = self._live
        if live is not None and not _alive(live):
            self._drop(live)

    def _unavailable(self, error, kind=exceptions.HypervisorUnavailable):
        return kind(host=self._host, reason=str(error))


class _Attempt:
    """One attempt to connect, which continues in its native thread when its caller's deadline has passed."""

    def __init__(self, uri, mail):
        self._uri = uri
        self._mail = mail
        self._outcome = None
        self.started = False

    def run(self):
        self.started = True
        try:
            self._outcome = (None, _open(self._uri, self._mail))
        except libvirt.libvirtError as error:
            self._outcome = (error, None)

    def result(self):
        """The connection, or raises why there is none.  :raises Unavailable: it still hangs."""
        if self._outcome is None:
            raise exceptions.Unavailable(f"an earlier attempt to connect to {self._uri} still hangs")
        error, live = self._outcome
        if error is not None:
            raise error
        return live


_OF_AGENTS = (libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_AGENT_UNSYNCED)


def _refusal(error):
    """libvirt's message as an error for administrators; users read only whether the agent or the hypervisor refused."""
    public = {"public": "The guest's agent does not answer."} if error.get_error_code() in _OF_AGENTS else {}
    # libvirt has no code of its own for this.
    kind = _BeingRemoved if "is already being removed" in error.get_error_message() else exceptions.HypervisorRefused
    refusal = kind(reason=error.get_error_message(), **public)
    refusal.code = error.get_error_code()
    return refusal


# ---- below: in native threads

def _open(uri, mail):
    live = libvirt.open(uri)
    live.setKeepAlive(*_KEEPALIVE)
    live.registerCloseCallback(lambda *_: mail.put(Connection.BROKEN), None)
    live.nova_lite_events = [live.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda _live, domain, event, _detail, _opaque: mail.put((domain.UUIDString(), event)), None)]
    live.nova_lite_events += [live.domainEventRegisterAny(
        None, event, lambda _live, domain, _alias, _opaque: mail.put((domain.UUIDString(), Connection.DEVICE)), None)
        for event in (libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED)]
    return live


def _close(live):
    """Every callback holds a reference; libvirt frees the connection when the last one is gone."""
    events = [functools.partial(live.domainEventDeregisterAny, each) for each in live.nova_lite_events]
    for let_go in (live.unregisterCloseCallback, *events):
        try:
            let_go()
        except libvirt.libvirtError:
            continue                # of a broken connection that is the usual answer
    live.close()


def _run(fn, live, args):
    """(whether the connection is broken, error or None, result)."""
    try:
        return False, None, fn(live, *args)
    except libvirt.libvirtError as error:
        return not _alive(live), error, None


def _alive(live):
    try:
        return bool(live.isAlive())
    except libvirt.libvirtError:
        return False
