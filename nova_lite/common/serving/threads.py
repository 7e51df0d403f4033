"""cheroot on native threads: one loop that accepts and waits for whole heads, and a thread for each request.

A client that is silent, or sends the head of a request slowly, takes no thread.  What is limited is not threads but
turns: a request that waits for its client, to send a body or to take an answer, lets others have its turn meanwhile.
"""

import collections
import contextlib
import errno
import functools
import logging
import queue
import select
import selectors
import socket
import threading
import time

from nova_lite.common.serving import heads
from nova_lite.common.serving.cheroot_http import Exchange
from nova_lite.common.serving.connections import Connections, State
from nova_lite.common.serving.sockets import guarded, prepared

LOG = logging.getLogger(__name__)
_PIECE = 65536


class ThreadServer:
    """:param limits: a Limits, for all sockets together.  :param spawn: runs the loop beside the caller."""

    def __init__(self, app, sockets, limits, spawn):
        self.sockets = [prepared(each) for each in sockets]
        self._limits = limits
        self._connections = Connections(limits)
        self._turns = Turns(limits.threads)
        self._workers = Workers(limits.threads)
        self._selector = selectors.DefaultSelector()
        self._back = collections.deque()            # (connection, whether it goes on), from the workers
        self._waker, self._woken = socket.socketpair()
        self._stopping = self._ended = False
        self._expired_at = time.monotonic()
        app = guarded(app)
        for each in self.sockets:
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ, functools.partial(
                self._accept, each, Exchange(each, app, limits, self._turns)))
        for each in (self._waker, self._woken):
            each.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain_waker)
        self._loop = spawn(self._run)

    # ---- the loop: everything below runs in one thread

    def _run(self):
        while not self._ended:
            try:
                self._round()
            except Exception:
                LOG.exception("The HTTP server goes on after an error")
                time.sleep(0.1)
        self._selector.close()
        self._waker.close()
        self._woken.close()

    def _round(self):
        for key, _ in self._selector.select(1.0):
            key.data()
        while self._back:
            self._take_back(*self._back.popleft())
        now = time.monotonic()
        if now - self._expired_at >= 1:
            self._expired_at = now
            self._expire(now)
        if self._stopping:
            self._let_go()

    def _accept(self, listening, exchange):
        for _ in range(self._connections.at_once):
            try:
                client, address = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._connections.close_one_for_another()
                time.sleep(0.01)
                return
            client.setblocking(False)
            connection = self._connections.admit(client, address)
            if connection is not None:
                connection.extra = Extra(exchange, address)
                self._register(connection)

    def _register(self, connection):
        self._selector.register(connection.socket, selectors.EVENT_READ, functools.partial(self._read, connection))

    def _read(self, connection):
        try:
            piece = connection.socket.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._selector.unregister(connection.socket)
            self._close(connection)
            return
        connection.received(len(piece))
        connection.extra.unread += piece
        if self._begin(connection):
            self._selector.unregister(connection.socket)

    def _begin(self, connection):
        """Give a whole head to a worker; whether the loop need not read it any more."""
        verdict = heads.look(connection.extra.unread, self._limits)
        if verdict is heads.INCOMPLETE:
            return False
        if verdict is heads.NONSENSE:
            self._refuse(connection, b"400 Bad Request")
            self._close(connection)
            return True
        connection.busy()
        try:
            self._workers.run(functools.partial(self._work, connection))
        except RuntimeError as error:       # the system gives no more threads
            LOG.error("A request is refused: %s", error)
            self._refuse(connection, b"503 Service Unavailable")
            self._close(connection)
        return True

    @staticmethod
    def _refuse(connection, status):
        with contextlib.suppress(OSError):
            connection.socket.send(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def _take_back(self, connection, goes_on):
        if not goes_on or self._stopping:
            self._close(connection)
            return
        connection.waits()
        if connection.extra.unread:
            connection.began()
            if self._begin(connection):
                return
        self._register(connection)

    def _expire(self, now):
        for each in self._connections.idle():
            if now >= each.expires:
                if each.state is State.HEAD:
                    self._refuse(each, b"408 Request Timeout")
                each.cut()                  # its end is read in the next round

    def _let_go(self):
        for each in self.sockets:
            if each.fileno() >= 0:
                self._selector.unregister(each)
                each.close()
        for each in self._connections.idle():
            each.cut()

    def _drain_waker(self):
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(_PIECE):
                pass

    def _close(self, connection):
        self._connections.forget(connection)
        connection.cut()
        connection.socket.close()

    # ---- everything else

    def _work(self, connection):
        goes_on = False
        try:
            goes_on = connection.extra.exchange.run(connection)
        finally:
            self._back.append((connection, goes_on))
            self._wake()

    def _wake(self):
        with contextlib.suppress(OSError):          # full: it wakes anyway
            self._waker.send(b"\0")

    def stop(self, timeout=30.0):
        self._stopping = True
        self._wake()
        end = time.monotonic() + timeout
        while len(self._connections) and time.monotonic() < end:
            time.sleep(0.02)
        left = list(self._connections)
        for each in left:
            each.cut()
        self._ended = True
        self._wake()
        self._loop.wait(2)
        for each in self.sockets:
            each.close()
        self._workers.stop()
        return not left


class Extra:
    """What the loop keeps beside a connection: bytes that were read and belong to no request yet, and who answers."""

    __slots__ = ("address", "exchange", "in_turn", "unread")

    def __init__(self, exchange, address):
        self.exchange = exchange
        self.address = address
        self.unread = bytearray()
        self.in_turn = False


class Turns:
    """At most so many requests are worked on at once; while one waits for its client it is not one of them."""

    def __init__(self, size):
        self._free = threading.Semaphore(size)

    @contextlib.contextmanager
    def taken(self, connection):
        self._free.acquire()
        connection.extra.in_turn = True
        try:
            yield
        finally:
            connection.extra.in_turn = False
            self._free.release()

    def wait(self, connection, write, seconds):
        """A PacedIO's wait."""
        with self.aside(connection):
            ready = select.poll()
            ready.register(connection.socket, select.POLLOUT if write else select.POLLIN)
            if not ready.poll(seconds * 1000):
                raise TimeoutError

    @contextlib.contextmanager
    def aside(self, connection):
        """A context in which the connection's request waits, and another may have its turn."""
        in_turn = connection.extra.in_turn
        if in_turn:
            self._free.release()
        try:
            yield
        finally:
            if in_turn:
                self._free.acquire()


class Workers:
    """Threads as they are needed, of which ``spare`` are kept when they have nothing to do."""

    def __init__(self, spare):
        self._spare = spare
        self._idle = 0
        self._lock = threading.Lock()
        self._jobs = queue.SimpleQueue()

    def run(self, job):
        with self._lock:
            waiting = self._idle > 0
            self._idle -= waiting
        if waiting:
            self._jobs.put(job)
            return
        threading.Thread(target=self._work, args=(job,), name="http", daemon=True).start()

    def stop(self):
        with self._lock:
            count, self._idle, self._spare = self._idle, 0, 0
        for _ in range(count):
            self._jobs.put(None)

    def _work(self, job):
        while job is not None:
            try:
                job()
            except BaseException:           # nothing that a client does may go further up
                LOG.exception("A connection failed")
            with self._lock:
                if self._idle >= self._spare:
                    return
                self._idle += 1
            job = self._jobs.get()
