"""The one way to libvirt: every call in a native thread, with a deadline and a circuit breaker, reconnecting by itself.

libvirt's own event loop must be registered before the first connection is opened and must run for as long as one is
open, or keepalives go unanswered and libvirtd hangs up after half a minute.
"""

import logging
import time

import libvirt

from nova_lite.common import concurrency, exception

LOG = logging.getLogger(__name__)

_KEEPALIVE = (5, 3)             # seconds between questions, unanswered ones before the connection counts as broken
_FAILURES, _COOL_DOWN = 3, 5.0
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


class _Late(exception.HypervisorUnavailable):
    """It hangs; this, and not a quick refusal, opens the circuit."""


class Connection:
    """A connection that opens when first used, and again when it broke.

    :param mail: a concurrency.Mailbox that gets (server id, libvirt event) for each lifecycle event of any domain, and
        ``Connection.BROKEN`` when libvirtd hung up.
    """

    BROKEN = (None, None)

    def __init__(self, uri, host, timeout, mail):
        self._uri = uri
        self._host = host
        self._timeout = timeout
        self._mail = mail
        self._live = None
        self._opening = concurrency.Lock()
        self._refused = (0.0, None)         # when and why the last attempt to connect failed
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
                return self._attempt(fn, args, deadline or self._timeout)
        except exception.CircuitOpen as error:
            raise self._unavailable(error) from None

    def ask(self, fn, server_id, *args, deadline=None):
        """Return ``fn(virDomain, *args)`` of one guest, as ``call``.

        :raises GuestNotFound: there is none.
        """
        def of_guest(live):
            return fn(live.lookupByUUIDString(server_id), *args)
        try:
            return self.call(of_guest, deadline=deadline)
        except exception.HypervisorError as error:
            if getattr(error, "code", None) != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            raise exception.GuestNotFound(host=self._host, server_id=server_id) from None

    def close(self):
        live, self._live = self._live, None
        if live is not None:
            try:
                concurrency.native(_close, live, deadline=self._timeout, what="closing libvirt")
            except (libvirt.libvirtError, exception.NovaLiteError) as error:
                LOG.debug("libvirt did not close cleanly: %s", error)

    def _attempt(self, fn, args, deadline):
        for last in (False, True):
            live = self._opened()
            try:
                broken, error, result = concurrency.native(_run, fn, live, args, deadline=deadline,
                                                           what=f"libvirt's {fn.__name__}")
            except (exception.DeadlineExceeded, exception.Unavailable) as late:
                raise self._unavailable(late, _Late) from None
            if error is None:
                return result
            if not broken:
                raise _refusal(error)
            self._drop(live)
            if last:
                raise self._unavailable(error)
        return None

    def _opened(self):
        began = time.monotonic()
        with self._opening:
            if self._live is None:
                when, why = self._refused
                if when >= began:
                    raise why               # found out while we waited for our turn to find out
                self._live = self._open()
            return self._live

    def _open(self):
        _start_event_loop()
        try:
            return concurrency.native(_open, self._uri, self._mail, deadline=self._timeout,
                                      what=f"connecting to {self._uri}")
        except libvirt.libvirtError as error:
            refusal = self._unavailable(error)
        except (exception.DeadlineExceeded, exception.Unavailable) as late:
            refusal = self._unavailable(late, _Late)
        self._refused = (time.monotonic(), refusal)
        raise refusal

    def _drop(self, live):
        if self._live is live:
            self._live = None

    def hung_up(self):
        """Forget the connection if it is broken, so that the next call opens a new one at once."""
        live = self._live
        if live is not None and not _alive(live):
            self._drop(live)

    def _unavailable(self, error, kind=exception.HypervisorUnavailable):
        return kind(host=self._host, reason=str(error))


def _refusal(error):
    refusal = exception.HypervisorError(reason=error.get_error_message())
    refusal.code = error.get_error_code()
    return refusal


# ---- below: in native threads

def _open(uri, mail):
    live = libvirt.open(uri)
    live.setKeepAlive(*_KEEPALIVE)
    live.registerCloseCallback(lambda *_: mail.put(Connection.BROKEN), None)
    live.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda _live, domain, event, _detail, _opaque: mail.put((domain.UUIDString(), event)), None)
    return live


def _close(live):
    live.unregisterCloseCallback()
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
