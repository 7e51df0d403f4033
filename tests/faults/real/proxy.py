"""A small TCP proxy that stands before a broker or a database and breaks the way networks and servers do.

    with Proxy(port) as proxy:          # clients connect to 127.0.0.1:proxy.port
        proxy.refuse(); ...; proxy.heal()

All proxies of a process share one thread.  Give each client process a proxy of its own, and it can be cut off alone.
"""

import asyncio
import contextlib
import socket
import struct
import threading

from tests import ports_and_ranges

_CHUNK = 1 << 16
_BEGIN = b"BEGIN"
#: What a client sends to commit: PostgreSQL's simple and extended queries end the text with a zero byte, and MariaDB's
#: packet is its length, its number (0), COM_QUERY (3) and the bare text.
_COMMITS = (b"COMMIT\0", b"\x07\0\0\0\x03COMMIT")


class _Loop:
    """The one event loop, in a thread of its own."""

    _shared = None

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="proxies", daemon=True).start()

    @classmethod
    def run(cls, coroutine, timeout=10):
        if cls._shared is None:
            cls._shared = cls()
        return asyncio.run_coroutine_threadsafe(coroutine, cls._shared.loop).result(timeout)


class Proxy:
    """A listener on a loopback port that passes bytes on to ``target`` (a port of 127.0.0.1).

    :ivar port: where clients connect.  :ivar accepted: how many connections were ever accepted.
    :ivar arrivals: the loop's time of each of them.  :ivar commits: how many commits were seen.
    :ivar lost: how many commits were made unknown.
    """

    def __init__(self, target):
        self._target = target
        self._open = set()
        self._server = None
        self._gate = None               # an Event; not set while the way is a black hole
        self._delay = 0.0
        self._lose = _Nothing()
        self.accepted = self.commits = self.lost = 0
        self.arrivals = []
        # While it refuses, nobody else may listen there or call from there.
        self.port = ports_and_ranges.free_port()

    def __enter__(self):
        _Loop.run(self._start())
        return self

    def __exit__(self, *_):
        _Loop.run(self._stop())

    # ---- faults

    def refuse(self):
        """Connections that are there are cut, new ones refused, as when the server's process is gone."""
        _Loop.run(self._close())

    def black_hole(self):
        """Half open: connections stay, new ones are accepted, and nothing gets through either way."""
        _Loop.run(self._set_gate(False))

    def delay(self, seconds):
        """Every piece takes ``seconds`` more, each way."""
        self._delay = seconds

    def cut(self):
        """Reset every connection that is there; new ones are welcome."""
        _Loop.run(self._cut())

    def lose_commits(self, first=1, every=1, count=1, reached=True):
        """Make the outcome of commits unknown: the client is reset instead of getting the database's answer.

        :param first: the number, from now, of the first commit that this happens to; then each ``every``-th,
            ``count`` times in all.  :param reached: whether the database gets the commit; else it rolls back.
        """
        self._lose = _Losing(first, every, count, reached)

    def heal(self):
        """All is well again."""
        self._delay, self._lose = 0.0, _Nothing()
        _Loop.run(self._heal())

    @property
    def connections(self):
        return len(self._open)

    # ---- how

    async def _start(self):
        self._gate = asyncio.Event()
        self._gate.set()
        await self._listen()

    async def _listen(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)

    async def _stop(self):
        self._gate.set()
        await self._close()

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self):
        for each in tuple(self._open):
            each.reset()

    async def _set_gate(self, is_open):
        self._gate.set() if is_open else self._gate.clear()

    async def _heal(self):
        self._gate.set()
        if self._server is None:
            await self._listen()

    async def _serve(self, reader, writer):
        self.accepted += 1
        self.arrivals.append(asyncio.get_running_loop().time())
        wire = _Wire(writer)
        self._open.add(wire)
        try:
            await self._gate.wait()
            far_reader, wire.far = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.wait({asyncio.ensure_future(self._pass(reader, wire.far, self._sent, wire)),
                                asyncio.ensure_future(self._pass(far_reader, writer, self._answered, wire))},
                               return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass
        finally:
            self._open.discard(wire)
            wire.reset()

    async def _pass(self, reader, writer, seen, wire):
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._gate.wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not seen(data, wire):
                    return
                writer.write(data)
                await writer.drain()

    def _sent(self, data, wire):
        """A client's bytes; False cuts the connection before they get through."""
        if _BEGIN in data:
            wire.reads = b"READ ONLY" in data
        if wire.reads or not data.endswith(_COMMITS) and not any(each in data[-200:] for each in _COMMITS):
            return True
        self.commits += 1
        if not self._lose.now():
            return True
        self.lost += 1
        wire.forgets = True
        return self._lose.reached

    def _answered(self, _data, wire):
        return not wire.forgets


class _Nothing:
    reached = True

    def now(self):
        return False


class _Losing:
    def __init__(self, first, every, count, reached):
        self._next, self._every, self._count, self.reached = first, every, count, reached
        self._seen = 0

    def now(self):
        self._seen += 1
        if self._count and self._seen == self._next:
            self._next += self._every
            self._count -= 1
            return True
        return False


class _Wire:
    """One connection and the one it is passed on to.

    :ivar forgets: its next answer is not passed on.  :ivar reads: the transaction on it can change nothing.
    """

    def __init__(self, near):
        self.near, self.far, self.forgets, self.reads = near, None, False, False

    def reset(self):
        """End it with a reset, as a dead peer's kernel does."""
        for each in (self.near, self.far):
            if each is None:
                continue
            with contextlib.suppress(OSError):
                sock = each.get_extra_info("socket")
                if each is self.near and sock is not None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.transport.abort()
