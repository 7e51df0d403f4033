"""The ``local://`` driver of oslo.messaging: a bus inside one process, handing messages over without polling.

``local://NAME`` names a broker, so that several clouds can live in one process; ``local://`` is the broker named "".
Delivery is at most once, as with a real broker.  Messages are copied through JSON, so that what works here works there.
"""

import collections
import itertools
import logging
import threading

import orjson
import oslo_messaging
from oslo_messaging._drivers import base

LOG = logging.getLogger(__name__)

BACKLOG = 1000      # messages kept for each address that nobody listens to

#: Dates and dataclasses have no form in JSON that every driver agrees on: the sender must choose one.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def _copy(payload):
    """The payload as the other side of a wire would get it; TypeError for what no wire can carry."""
    return orjson.loads(orjson.dumps(payload, option=_STRICT))


class _Broker:
    """Who listens to which address of one bus, and what waits for listeners to come."""

    def __init__(self):
        self._lock = threading.Lock()
        self._listeners = collections.defaultdict(collections.deque)    # (exchange, topic, server or None)
        self._waiting = collections.defaultdict(collections.deque)
        self._full = set()          # addresses whose messages are dropped, which was logged once

    def add(self, listener):
        """Register ``listener``; returns the messages that have waited for it."""
        with self._lock:
            for address in listener.addresses:
                self._listeners[address].append(listener)
                self._full.discard(address)
            return [message for address in listener.addresses for message in self._waiting.pop(address, ())
                    if not message.given_up]

    def remove(self, listener):
        with self._lock:
            for address in listener.addresses:
                if listener in self._listeners[address]:
                    self._listeners[address].remove(listener)

    def route(self, address, message):
        """Hand ``message`` to the next listener of ``address``, or keep it until one comes."""
        with self._lock:
            listeners = self._listeners[address]
            if not listeners:
                return self._keep(address, message)
            listener = listeners[0]
            listeners.rotate(-1)
        return listener.deliver(message)

    def _keep(self, address, message):
        waiting = self._waiting[address]
        while waiting and waiting[0].given_up:
            waiting.popleft()
        if len(waiting) >= BACKLOG:
            if address not in self._full:
                LOG.warning("Nobody listens to %s and %d messages wait: more are dropped", address, BACKLOG)
                self._full.add(address)
            return
        waiting.append(message)

    def everyone(self, exchange, topic):
        with self._lock:
            return list(self._listeners[exchange, topic, None])


_brokers = collections.defaultdict(_Broker)


class _Message(base.RpcIncomingMessage):
    """One message on its way, and for a call the lock its caller sleeps on."""

    _numbers = itertools.count(1)

    def __init__(self, context, payload, answered=None):
        super().__init__(context, payload, msg_id=str(next(self._numbers)))
        self.given_up = False       # the caller has gone
        self._answered = answered
        self._outcome = None

    def requeue(self):
        raise NotImplementedError("a local message cannot go back")

    def heartbeat(self):
        """A caller in the same process sees its own deadline."""

    def reply(self, reply=None, failure=None):
        if self._answered is None or self._outcome is not None:
            return
        if failure is None:
            try:
                self._outcome = (_copy(reply), None)
            except TypeError as error:
                LOG.error("An answer cannot travel: %s", error)
                failure = (TypeError, error, None)
        if failure is not None:
            kind, error, _trace = failure
            self._outcome = (None, oslo_messaging.RemoteError(kind.__name__, str(error)))
        self._answered.release()

    def wait(self, timeout):
        """The reply, or the failure raised; MessagingTimeout after ``timeout`` seconds (None waits for ever)."""
        if not self._answered.acquire(timeout=-1 if timeout is None else timeout):
            self.given_up = True
            raise oslo_messaging.MessagingTimeout(f"No reply to {self.message.get('method')} within {timeout} s")
        reply, failure = self._outcome
        if failure is not None:
            raise failure
        return reply


class _Listener(base.Listener):
    """Passes messages straight to the server's executor: it needs no thread of its own."""

    def __init__(self, broker, addresses):
        super().__init__(1, None)
        self.addresses = addresses
        self._broker = broker

    def start(self, on_incoming_callback):
        super().start(on_incoming_callback)
        for message in self._broker.add(self):
            self.deliver(message)

    def deliver(self, message):
        callback = self.on_incoming_callback
        if callback is None:
            LOG.info("A message came to %s while it stopped: dropped", self.addresses[0])
            return
        try:
            callback([message])
        except RuntimeError:
            LOG.info("A message came to %s after it stopped: dropped", self.addresses[0])

    def stop(self):
        self._broker.remove(self)
        super().stop()

    def cleanup(self):
        self._broker.remove(self)


class LocalDriver(base.BaseDriver):
    """What oslo.messaging calls; one a transport."""

    def __init__(self, conf, url, default_exchange=None, allowed_remote_exmods=None):
        super().__init__(conf, url, default_exchange, allowed_remote_exmods)
        name = ",".join(str(host.hostname) for host in url.hosts if host.hostname) + "/" + (url.virtual_host or "")
        self._broker = _brokers[name]

    def send(self, target, ctxt, message, wait_for_reply=None, timeout=None, **_options):
        context, payload = _copy((ctxt, message))
        exchange = target.exchange or self._default_exchange
        if target.fanout:
            for listener in self._broker.everyone(exchange, target.topic):
                listener.deliver(_Message(*_copy((ctxt, message))))
            return None
        address = (exchange, target.topic, target.server)
        if not wait_for_reply:
            return self._broker.route(address, _Message(context, payload))
        answered = threading.Lock()
        answered.acquire()
        sent = _Message(context, payload, answered)
        self._broker.route(address, sent)
        return sent.wait(timeout)

    def send_notification(self, target, ctxt, message, version, retry=None):
        self.send(target, ctxt, message)

    def listen(self, target, batch_size, batch_timeout):
        exchange = target.exchange or self._default_exchange
        return _Listener(self._broker, [(exchange, target.topic, None), (exchange, target.topic, target.server)])

    def listen_for_notifications(self, targets_and_priorities, pool, batch_size, batch_timeout):
        if pool:
            raise NotImplementedError("local:// has no pools of notification listeners")
        return _Listener(self._broker, [(target.exchange or self._default_exchange, f"{target.topic}.{priority}", None)
                                        for target, priority in targets_and_priorities])

    def cleanup(self):
        """Nothing to release: listeners belong to their servers, and other transports may share the broker."""
