"""The simulated bus: letters to topics and hosts, through JSON as on a wire; some are lost, doubled or late."""

import itertools

import orjson

from nova_lite.common import exceptions, rpc, unit_of_work
from nova_lite.conf import CONF


class Bus:
    """:ivar post: callable(letter) -> delays in seconds, one for each copy that arrives; [] loses it.
    :ivar reply: callable(letter) -> whether the answer of a call arrives.
    :ivar casts: every notification that was ever sent.  :ivar methods: {"topic.method"} of all that arrived.
    """

    def __init__(self, simulation):
        self.simulation = simulation
        self.calm()
        self.casts = []
        self.methods = set()
        self._servers = []
        self._turn = itertools.count()

    def calm(self):
        """Every letter arrives once and soon."""
        self.post = lambda letter: [self.delay()]
        self.reply = lambda letter: True

    def delay(self):
        return self.simulation.random.uniform(0.0005, 0.01)

    def server(self, topic, host, endpoints):
        return Server(self, topic, host, endpoints)

    def client(self, topic, version="1.0"):
        return Client(self, topic, None, None)

    def listen(self, server):
        self._servers.append(server)

    def forget(self, server):
        self._servers = [each for each in self._servers if each is not server]

    def send(self, letter):
        if letter.asker is None:
            self.casts.append(letter)
        for pause in self.post(letter):
            self.simulation.at(pause, self.arrive, letter)

    def arrive(self, letter):
        self._servers = [each for each in self._servers if each.life.alive]
        servers = [each for each in self._servers if each.topic == letter.topic and letter.host in (None, each.host)]
        if servers:
            server = servers[next(self._turn) % len(servers)]
            self.methods.add(str(letter))
            self.simulation.spawn(server.answer, letter, life=server.life, letter=letter)


class Letter:
    """:ivar asker: who waits for the answer; None: a notification."""

    def __init__(self, topic, host, method, payload, asker=None):
        self.topic, self.host, self.method, self.payload, self.asker = topic, host, method, payload, asker

    def __str__(self):
        return f"{self.topic}.{self.method}"


class Client:
    """What ``rpc.client`` returns."""

    def __init__(self, bus, topic, host, timeout):
        self._bus, self._topic, self._host, self._timeout = bus, topic, host, timeout
        self._serializer = rpc._Serializer()

    def to(self, host=None, *, fanout=None, timeout=None):
        return Client(self._bus, self._topic, host or self._host, timeout or self._timeout)

    def cast(self, context, method, /, **arguments):
        unit = unit_of_work.current()
        if unit is not None and unit.session is not None:
            unit.afterwards(lambda: self.cast(context, method, **arguments))
            return True
        self._bus.simulation.life.check()
        self._bus.send(self._letter(context, method, arguments))
        return True

    def _letter(self, context, method, arguments, asker=None):
        payload = {name: self._serializer.serialize_entity(context, each) for name, each in arguments.items()}
        text = orjson.dumps([self._serializer.serialize_context(context), payload])
        return Letter(self._topic, self._host, method, text, asker)

    def call(self, context, method, /, **arguments):
        unit = unit_of_work.current()
        if unit is not None and unit.session is not None:
            raise RuntimeError(f"{method} is called within a transaction that its answer may need")
        simulation = self._bus.simulation
        simulation.life.check()
        asker = Asker(simulation)
        self._bus.send(self._letter(context, method, arguments, asker))
        simulation.at(self._timeout or CONF.rpc_response_timeout, asker.give, None)
        answer = simulation.wait()
        if answer is None:
            raise exceptions.NoAnswer(method=method, address=self._topic)
        answer = self._serializer.deserialize_entity(context, orjson.loads(answer))
        if isinstance(answer, dict) and rpc._ERROR in answer:
            raise rpc._unpack(answer[rpc._ERROR])
        return answer


class Asker:
    """One who waits for an answer; the first one counts, and silence is one."""

    def __init__(self, simulation):
        self._simulation = simulation
        self._task = simulation.task
        self.given = False

    def give(self, answer):
        if not self.given:
            self.given = True
            self._simulation.ready(self._task, answer)


class Server:
    """What ``rpc.server`` returns."""

    def __init__(self, bus, topic, host, endpoints):
        self.topic, self.host = topic, host
        self.life = bus.simulation.life
        self._bus = bus
        self._endpoints = endpoints
        self._serializer = rpc._Serializer()

    def start(self):
        self._bus.listen(self)
        return self

    def stop(self, timeout=None):
        self._bus.forget(self)
        return True

    def ping(self, timeout=None):
        return 0.0

    def answer(self, letter):
        values, payload = orjson.loads(letter.payload)
        context = self._serializer.deserialize_context(values)
        arguments = {name: self._serializer.deserialize_entity(context, each) for name, each in payload.items()}
        try:
            method = next(getattr(each, letter.method) for each in self._endpoints if hasattr(each, letter.method))
            result = self._serializer.serialize_entity(context, method(context, **arguments))
        except exceptions.NovaLiteError as error:
            self._bus.simulation.note(f"{letter} answers {type(error).__name__}: {error}")
            result = rpc._pack(error)
        except Exception as error:
            self._bus.simulation.note(f"{letter} failed: {error!r}")
            result = rpc._pack(exceptions.RemoteFailure(method=letter.method, kind=type(error).__name__,
                                                       text=str(error)))
        if letter.asker is not None and self._bus.reply(letter):
            self._bus.simulation.at(self._bus.delay(), letter.asker.give, orjson.dumps(result))
