"""The bus between services: oslo.messaging with our context, our objects and our exceptions on the wire.

A cast is only a notification: the work is a row in the database, and the conductor sends another, so a bus that is
away is logged and never fails the caller.  A call raises what its endpoint raised, with the same class and fields.
"""

import functools
import importlib
import logging
import pkgutil
import random
import time
from concurrent import futures

import orjson
import oslo_messaging
from oslo_messaging import opts as messaging_opts
from oslo_messaging._drivers import amqpdriver
from oslo_messaging.rpc import dispatcher
from oslo_messaging.rpc import server as messaging_server

from nova_lite import objects
from nova_lite.common import concurrency, exceptions, retry, rpc_guard, unit_of_work
from nova_lite.common.context import RequestContext
from nova_lite.common.rpc_local import LocalDriver
from nova_lite.conf import CONF
from nova_lite.objects.base import Serializer

LOG = logging.getLogger(__name__)

Target = oslo_messaging.Target

#: Seconds without a sign of life from whoever answers after which a call that may take longer is given up.
_ALIVE = 10
_SILENT = 3                         # seconds without an answer for a caller whose queue was missing
_ERROR = "nova_lite.error"          # the one key of a reply that carries an exception
_PING = "nova_lite.ping"            # namespace of the endpoint that answers Server.ping
_transport = None
_guard = None


# ---- set-up

def init(url=None):
    """Connect this process to the bus at ``url`` (None: CONF.transport_url, and unset that is ``local://``).

    Doing it again changes the bus of clients and servers that are made afterwards.
    """
    global _transport, _guard
    register_opts()
    for module in pkgutil.iter_modules(objects.__path__):       # an object must be known before it can arrive
        importlib.import_module(f"{objects.__name__}.{module.name}")
    parsed = oslo_messaging.TransportURL.parse(CONF, url)
    if parsed.transport == "local":             # made here, so that a plain checkout needs no entry point
        driver = LocalDriver(CONF, parsed, default_exchange=CONF.control_exchange)
        _transport, _guard = oslo_messaging.transport.RPCTransport(driver), rpc_guard.Open()
    else:
        _guard = rpc_guard.Guard()
        _transport = oslo_messaging.get_rpc_transport(CONF, parsed)
        # Who could not be answered while the broker restarted gets no answers for so long; 60 s by itself.
        amqpdriver.ObsoleteReplyQueuesCache.TTL = _SILENT
    return _transport


def register_opts(conf=CONF):
    """Register oslo.messaging's options with the defaults of this project."""
    for group, options in _messaging_opts():
        conf.register_opts(options, group=group)
    conf.set_default("transport_url", "local://")
    conf.set_default("control_exchange", "nova_lite")
    # What a hung process was given and never acknowledged waits for it; the rest goes to its peers.
    conf.set_default("rabbit_qos_prefetch_count", 4, group="oslo_messaging_rabbit")
    conf.set_default("kombu_reconnect_splay", 2.0, group="oslo_messaging_rabbit")   # a herd must not return as one
    conf.set_default("rabbit_interval_max", 5, group="oslo_messaging_rabbit")   # a broker that is back is found soon
    conf.set_default("kombu_missing_consumer_retry_timeout", 10, group="oslo_messaging_rabbit")   # for a dead caller


@functools.cache
def _messaging_opts():
    return [(group, options) for group, options in messaging_opts.list_opts()
            if group in (None, "oslo_messaging_rabbit")]


def cleanup():
    """Leave the bus."""
    global _transport
    if _transport is not None:
        _transport.cleanup()
        _transport = None


def transport():
    """The bus of this process, joined at first use."""
    return _transport or init()


# ---- what travels

class _Serializer(oslo_messaging.Serializer):
    """RequestContexts and versioned objects to primitives and back."""

    def __init__(self):
        self._objects = Serializer()

    def serialize_context(self, context):
        return context.to_dict()

    def deserialize_context(self, values):
        return RequestContext.from_dict(values)

    def serialize_entity(self, context, entity):
        return self._objects.serialize_entity(context, entity)

    def deserialize_entity(self, context, entity):
        return self._objects.deserialize_entity(context, entity)


def _pack(error):
    """An exception as a reply: class names from its own to the base, so that an older peer knows one of them."""
    kinds = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, exceptions.NovaLiteError)]
    fields = orjson.loads(orjson.dumps(error.fields, default=str, option=orjson.OPT_NON_STR_KEYS))
    return {_ERROR: {"kinds": kinds, "message": str(error), "fields": fields}}


def _unpack(packed):
    known = (getattr(exceptions, name, None) for name in packed["kinds"])
    kind = next((each for each in known if isinstance(each, type) and issubclass(each, exceptions.NovaLiteError)),
                exceptions.NovaLiteError)
    error = kind.__new__(kind)
    exceptions.NovaLiteError.__init__(error, packed["message"], **packed["fields"])
    return error


# ---- asking

class Client:
    """Asks the servers of one topic.  ``to()`` narrows: one host, everyone, another time limit."""

    def __init__(self, inner, guard):
        self._inner = inner
        self._guard = guard

    def to(self, host=None, *, fanout=None, timeout=None):
        """A client for one ``host``, for all servers (``fanout``), or that waits ``timeout`` seconds for answers.

        A server that dies, or whose answer is lost, is noticed before the end of a long time.
        """
        narrowed = {"server": host, "fanout": fanout, "timeout": timeout,
                    "call_monitor_timeout": _ALIVE if timeout is not None and timeout > _ALIVE else None}
        narrowed = {name: value for name, value in narrowed.items() if value is not None}
        return Client(self._inner.prepare(**narrowed), self._guard)

    def cast(self, context, method, /, **arguments):
        """Send a message and go on; False when the bus did not take it, which is logged.

        Within a unit of work it is sent when the transaction is committed.
        """
        unit = unit_of_work.current()
        if unit is not None and unit.session is not None:
            unit.afterwards(lambda: self.cast(context, method, **arguments))
            return True
        retry.outside()
        try:
            self._guard.cast(lambda: self._inner.cast(context, method, **arguments))
        except (oslo_messaging.MessagingException, oslo_messaging.MessageUndeliverable,
                exceptions.BusUnavailable) as error:
            LOG.warning("The bus did not take %s for %s: %s", method, self._address, str(error) or "nobody listens")
            return False
        return True

    def call(self, context, method, /, **arguments):
        """Ask and wait for the answer.

        :raises NovaLiteError: whatever leaf the endpoint raised, with its fields.
        :raises NoAnswer: nobody answered in time; the work may have been done or not.
        :raises BusUnavailable: the bus did not take the question.
        :raises RemoteFailure: the endpoint has a bug, or does not know the method.
        """
        unit_of_work.check_outside(method)
        retry.outside()
        seconds = CONF.rpc_response_timeout if self._inner.timeout is None else self._inner.timeout
        try:
            answer = self._guard.call(lambda: self._inner.call(context, method, **arguments), seconds)
        except oslo_messaging.MessagingTimeout as error:
            raise exceptions.NoAnswer(method=method, address=self._address) from error
        except oslo_messaging.RemoteError as error:
            raise exceptions.RemoteFailure(method=method, kind=error.exc_type, text=error.value) from error
        except oslo_messaging.MessagingException as error:
            raise exceptions.BusUnavailable(reason=str(error)) from error
        if isinstance(answer, dict) and _ERROR in answer:
            raise _unpack(answer[_ERROR])
        return answer

    @property
    def _address(self):
        target = self._inner.target
        return f"{target.topic}.{target.server}" if target.server else target.topic


def client(topic, version):
    """A Client of ``topic``; ``version`` is the least its servers must speak."""
    target = Target(topic=topic, version=version)
    return _client(target)


def _client(target):
    # An error when nobody has ever listened, instead of losing the message: services start in any order.
    options = oslo_messaging.TransportOptions(at_least_once=True)
    inner = oslo_messaging.get_rpc_client(transport(), target, serializer=_Serializer(), retry=rpc_guard.RETRIES,
                                          transport_options=options)
    return Client(inner, _guard)


# ---- answering

class _Dispatcher(dispatcher.RPCDispatcher):
    """Sends exceptions back as answers: our own as they are, anything else as the RemoteFailure of a bug.

    Left to the drivers, a bug's built-in exception would be raised in the caller as if it were the caller's own.
    """

    def dispatch(self, incoming):
        try:
            return super().dispatch(incoming)
        except dispatcher.UnsupportedVersion:
            message = incoming.message
            error = exceptions.OtherRelease(method=message.get("method"), version=message.get("version", "1.0"))
            LOG.warning("%s", error)
            return _pack(error)
        except exceptions.NovaLiteError as error:
            LOG.info("%s answered %s: %s", incoming.message.get("method"), type(error).__name__, error)
            return _pack(error)
        except Exception as error:
            method = incoming.message.get("method")
            LOG.exception("%s failed", method)
            return _pack(exceptions.RemoteFailure(method=method, kind=type(error).__name__, text=str(error)))


class _Server(messaging_server.RPCServer):
    """oslo.messaging's own, but on native threads with the standard executor, which stops at once, not in a second."""

    def __init__(self, transport, target, dispatcher):
        super().__init__(transport, target, dispatcher)
        if concurrency.mode() == "threading":
            self._executor_cls = futures.ThreadPoolExecutor


class _Ping:
    target = Target(namespace=_PING, version="1.0")

    def ping(self, context, token):
        return token


class Server:
    """Answers for one topic and host with a list of endpoints, each request in its own green or native thread."""

    def __init__(self, target, endpoints):
        self._inner = _Server(transport(), target, _Dispatcher([*endpoints, _Ping()], _Serializer()))
        self._self = _client(Target(topic=target.topic, server=target.server, namespace=_PING, version="1.0"))

    def start(self):
        self._inner.start()
        return self

    def stop(self, timeout=30.0):
        """Take no more messages and wait for those under way; False when ``timeout`` seconds were not enough."""
        return concurrency.spawn(self._stop).wait(timeout)

    def _stop(self):
        self._inner.stop()
        self._inner.wait()

    def ping(self, timeout=5.0):
        """Seconds of a round trip through the bus to this very server; raises NoAnswer or BusUnavailable."""
        began = time.monotonic()
        token = random.getrandbits(32)
        if self._self.to(timeout=timeout).call(RequestContext(), "ping", token=token) != token:
            raise exceptions.BusUnavailable(reason="a ping came back changed")
        return time.monotonic() - began


def server(topic, host, endpoints):
    """A Server (not yet started) that receives what is sent to ``topic``, to ``topic`` at ``host``, and to everyone.

    An endpoint is an object whose public methods take (context, **arguments).  It says which version it speaks by
    ``target = rpc.Target(version="2.1")``: it answers what is asked as 2.0 or 2.1.  Without one it speaks 1.0.
    """
    return Server(Target(topic=topic, server=host), endpoints)
