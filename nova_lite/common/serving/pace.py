"""How long a client may keep its server waiting: a budget of seconds for each direction of a connection."""

import io
import time

from nova_lite.common import exceptions

_UNWAITED = 4           # reads and writes in a row


class Budget:
    """Seconds of waiting that are left.  Where a rate is asked for, every byte that moves earns some back."""

    __slots__ = ("_most", "_per_byte", "left")

    def __init__(self):
        self.set(0.0)

    def set(self, seconds, rate=0):
        """:param rate: bytes a second that the client must keep to in the long run; 0: bytes earn nothing."""
        self.left = self._most = seconds
        self._per_byte = 1 / rate if rate else 0.0

    def earn(self, size):
        if self._per_byte:
            self.left = min(self.left + size * self._per_byte, self._most)


class PacedIO(io.RawIOBase):
    """A connection's bytes, in and out, each wait charged to the budget of its direction.

    :param connection: a connections.Connection, whose socket does not block.
    :param wait: ``(connection, write, seconds)`` returns when the socket is ready and raises TimeoutError.
    :param pending: bytes that were read already and come first.
    :param rest: called after every few reads and writes that did not wait, where nobody else runs meanwhile.
    :raises RequestTimeout: from reads and writes, when the budget is used up.
    """

    def __init__(self, connection, wait, pending=b"", rest=None):
        super().__init__()
        self._connection = connection
        self._socket = connection.socket
        self._wait_for = wait
        self._rest = rest
        self._unwaited = 0
        self.pending = pending
        self.blocking = True        # False: a read that would wait returns None instead

    def readable(self):
        return True

    def writable(self):
        return True

    def fileno(self):
        return self._socket.fileno()

    def readinto(self, buffer):
        if self.pending:
            size = min(len(buffer), len(self.pending))
            buffer[:size], self.pending = self.pending[:size], self.pending[size:]
            return size
        while True:
            try:
                size = self._socket.recv_into(buffer)
                break
            except BlockingIOError:
                if not self.blocking:
                    return None
                self._wait(self._connection.reading, write=False)
        self._connection.received(size)
        self._count()
        return size

    def write(self, data):
        while True:
            try:
                size = self._socket.send(data)
                break
            except BlockingIOError:
                self._wait(self._connection.writing, write=True)
        self._connection.writing.earn(size)
        self._count()
        return size

    def _count(self):
        self._unwaited += 1
        if self._unwaited >= _UNWAITED and self._rest is not None:
            self._unwaited = 0
            self._rest()

    def _wait(self, budget, write):
        self._unwaited = 0
        began = time.monotonic()
        try:
            if budget.left <= 0:
                raise TimeoutError
            self._wait_for(self._connection, write, budget.left)
        except TimeoutError:
            budget.left = 0.0
            raise exceptions.RequestTimeout from None
        budget.left -= time.monotonic() - began
