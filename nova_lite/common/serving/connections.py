"""Who is connected to a server, and who must go when places run out: whoever has been idle longest."""

import contextlib
import enum
import ipaddress
import logging
import socket
import threading
import time

from nova_lite.common.serving.pace import Budget

LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_QUIET = 60.0           # seconds between two lines of the log about places that ran out


class State(enum.IntEnum):
    """What a connection is waiting for; the first two are idle, and may be closed for others."""

    WAITING = 0         # its next request
    HEAD = 1            # the rest of a request's head
    BUSY = 2            # its request is being read or answered


class Connection:
    """One client.  ``reading`` and ``writing`` are the budgets of what its server waits for.

    ``served`` is whether it ever made a request; ``expires`` (monotonic) when an idle one is closed.
    """

    __slots__ = ("_table", "client", "expires", "extra", "reading", "served", "socket", "state", "writing")

    def __init__(self, table, sock, client):
        self._table = table
        self.socket = sock
        self.client = client
        self.reading, self.writing = Budget(), Budget()
        self.state = None
        self.served = False
        self.expires = None
        self.extra = None           # whatever its server needs beside it

    def waits(self):
        """For its next request."""
        limits = self._table.limits
        self._idle(State.WAITING, limits.idle if self.served else limits.head)

    def began(self):
        """A request's first bytes are there."""
        if self.state is not State.HEAD:
            seconds = self._table.limits.head
            if not self.served and self.expires is not None:        # a new one's time runs since it connected
                seconds = max(0.0, self.expires - time.monotonic())
            self._idle(State.HEAD, seconds)

    def _idle(self, state, seconds):
        self.reading.set(seconds)
        self.expires = time.monotonic() + seconds
        self._table.moved(self, state)

    def busy(self):
        """A request's head is complete."""
        limits = self._table.limits
        self.served = True
        self.reading.set(limits.body)
        self.writing.set(limits.grace, limits.rate)
        self._table.moved(self, State.BUSY)

    def stream(self):
        """The body of this request is a stream, which has a rate to keep and no end in time."""
        self.reading.set(self._table.limits.grace, self._table.limits.rate)

    def received(self, size):
        if self.state is State.WAITING and size:
            self.began()
        self.reading.earn(size)

    def cut(self):
        """End it from outside: whoever reads or writes it finds its end, and closes it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class Connections:
    """All connections of one server, within its Limits."""

    def __init__(self, limits):
        self.limits = limits
        self._places = limits.places()
        self._lock = threading.Lock()
        self._by_state = {state: {} for state in State}        # each {connection: None}, oldest first
        self._by_client = {}                                    # client -> {connection: None}
        self._refused = self._closed = 0
        self._said_at = None

    def __len__(self):
        return sum(map(len, self._by_state.values()))

    def __iter__(self):
        with self._lock:
            return iter([each for group in self._by_state.values() for each in group])

    @property
    def at_once(self):
        """How many to accept before what they sent is looked at: a new one must not go before it could say anything."""
        return max(1, min(_AT_ONCE, self._places // 4))

    def idle(self):
        """Those that wait for a request or the rest of its head."""
        with self._lock:
            return [*self._by_state[State.WAITING], *self._by_state[State.HEAD]]

    def admit(self, sock, address):
        """The Connection of a socket that was accepted, or None: its place is taken, and the socket is closed.

        Where places have run out - all of them, or its address's - the one goes that has been idle longest.
        """
        made = Connection(self, sock, self._client(address))
        if not (self._place_of(made.client) and self._place()):
            self._count(refused=1)
            sock.close()
            return None
        with self._lock:
            if made.client is not None:
                self._by_client.setdefault(made.client, {})[made] = None
        made.waits()
        return made

    def close_one_for_another(self):
        """Close the one that has been idle longest; False where none is."""
        with self._lock:
            oldest = next(iter(self._by_state[State.WAITING]), None) or next(iter(self._by_state[State.HEAD]), None)
        return self._close(oldest)

    def forget(self, connection):
        """It is closed."""
        with self._lock:
            if connection.state is not None:
                self._by_state[connection.state].pop(connection, None)
            group = self._by_client.get(connection.client)
            if group is not None:
                group.pop(connection, None)
                if not group:
                    del self._by_client[connection.client]

    def moved(self, connection, state):
        with self._lock:
            if connection.state is not None and self._by_state[connection.state].pop(connection, self) is self:
                return                      # it was closed for another
            connection.state = state
            self._by_state[state][connection] = None

    def _place(self):
        return len(self) < self._places or self.close_one_for_another()

    def _place_of(self, client):
        most = self.limits.per_address
        if client is None or not most:
            return True
        with self._lock:
            group = self._by_client.get(client, ())
            if len(group) < most:
                return True
            oldest = min((each for each in group if each.state is not State.BUSY),
                         key=lambda each: each.state, default=None)     # of equals the first, who is the oldest
        return self._close(oldest)

    def _close(self, oldest):
        if oldest is None:
            return False
        self.forget(oldest)
        oldest.cut()
        self._count(closed=1)
        return True

    def _client(self, address):
        """What shares one address's places: an IPv4 address, or an IPv6 network of 64 bits; None: has no limit.

        Link-local addresses, all of one network, are each of one machine.
        """
        if not self.limits.per_address or not isinstance(address, tuple):
            return None
        try:
            ip = ipaddress.ip_address(address[0].partition("%")[0])
        except ValueError:
            return None
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if any(ip in network for network in self.limits.exempt):
            return None
        return int(ip) if ip.version == 4 else (6, int(ip) if ip.is_link_local else int(ip) >> 64)

    def _count(self, refused=0, closed=0):
        """Say now and then that places ran out: each time would be as many lines as an attacker likes."""
        self._refused += refused
        self._closed += closed
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= _QUIET:
            LOG.warning("Connections ran out: %d idle ones were closed, %d new ones refused (%d are open, the limits "
                        "are %d and for one address %s)", self._closed, self._refused, len(self), self._places,
                        self.limits.per_address or "none")
            self._said_at, self._refused, self._closed = now, 0, 0
