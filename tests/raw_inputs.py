"""What comes to a listening socket that is no request: scanners' greetings, other protocols, broken and cut HTTP."""

import contextlib
import itertools
import random
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

_GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
_POST = b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
_UPGRADE = (b"GET /?token=x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
_WHOLE = _POST + b"X-Auth-Token: t\r\nContent-Length: 13\r\n\r\n{\"auth\": null}"

#: Other protocols' first bytes.
GREETINGS = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"hello",
    b"hello\r\n", b"hello\r\n\r\n", b"SSH-2.0-scan\r\n",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00",
    b"\x00\x00\x00\x54\xffSMBr", b"*1\r\n$4\r\nPING\r\n", b"stats\r\n", b"AMQP\x00\x00\x09\x01", b"USER anonymous\r\n",
    b"EHLO scan\r\n", b"RFB 003.008\n", b"\x05\x01\x00", b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00",
    b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n", b"GET / RTSP/1.0\r\n\r\n",
    b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
    b"\r\n\r\n\r\n\r\n\x0d\x0a\x00\x0d\x0aQUIT\x0a\x21\x11", b"<policy-file-request/>\0",
    b"\xef\xbb\xbfGET / HTTP/1.1\r\n\r\n")
#: Request lines.
LINES = (
    b"GET", b"GET ", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/2.0", b"GET / HTTP/9.9", b"GET / HTTP/1.1 x",
    b"GET / HTTP/",
    b"GET / HTTP/1", b"GET / HTTP/-1.1", b"GET / HTTP/1.1.1", b"GET / HTTP/\xb9.1", b"GET / http/1.1",
    b"get / HTTP/1.1",
    b"G\0T / HTTP/1.1", b"GET /\0 HTTP/1.1", b"GET /%00 HTTP/1.1", b"GET /%ff%fe HTTP/1.1", b"GET /% HTTP/1.1",
    b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", b"GET //////// HTTP/1.1", b"GET \xff\xff HTTP/1.1", b"GET x HTTP/1.1",
    b"GET http://[ HTTP/1.1", b"GET http://[::1 HTTP/1.1", b"GET http://a:99999/ HTTP/1.1", b"GET //[ HTTP/1.1",
    b"GET /#x HTTP/1.1", b"GET ? HTTP/1.1", b"GET /?%ff=%ff&&&=;= HTTP/1.1", b"GET /\x1b[2J HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1", b"CONNECT [ HTTP/1.1", b"TRACE / HTTP/1.1", b"X" * 5000 + b" / HTTP/1.1", b"\x00" * 3000,
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1", b"GET /?" + b"a=&" * 20_000 + b" HTTP/1.1", b"\r\nGET / HTTP/1.1",
    b"GET / HTTP/1.1\rHost: a", b"GET\t/\tHTTP/1.1", b"GET /compute/v2.1/servers/%0d%0aX:%20y HTTP/1.1")
#: Headers after a good request line.
HEADERS = (
    b"".join(b"X-%d: y\r\n" % number for number in range(101)),
    b"".join(b"X-%d: y\r\n" % number for number in range(9000)),
    b"X: " + b"y" * 70_000 + b"\r\n", b"X" * 70_000 + b": y\r\n", b"no colon\r\n", b": empty\r\n", b" folded: x\r\n",
    b"X: a\r\n b\r\n", b"X : a\r\n", b"X: a\nY: b\n", b"X: a\rY: b\r\n", b"X: \0\r\n", b"X\0: a\r\n", b"\xff: \xff\r\n",
    b"X_Auth_Token: t\r\n", b"Host: b\r\nHost: c\r\n", b"Host: [\r\n", b"Host: \xff\r\n",
    b"Cookie: token=\xff; =;;\r\n",
    b"Content-Length: -1\r\n", b"Content-Length: +1\r\n", b"Content-Length: 1_0\r\n", b"Content-Length: 0x10\r\n",
    b"Content-Length: \r\n", b"Content-Length: " + b"9" * 5000 + b"\r\n", b"Content-Length: \xb2\r\n",
    b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n",
    b"Expect: 100-continue\r\n", b"Expect: nonsense\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"Connection: \xff, close, keep-alive\r\n", b"X-Forwarded-For: \xff\r\n", b"Range: bytes=9999999999999999999-\r\n",
    b"Accept: " + b"a/b," * 10_000 + b"\r\n", b"OpenStack-API-Version: compute \xff\r\n", b"X-Auth-Token: \xff\0\r\n")
#: Bodies in chunks.
CHUNKS = (
    b"zz\r\n", b"-5\r\nhello\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"f" * 40 + b"\r\nhello",
    b"5\r\nhelloXX5\r\n",
    b"5;" + b"x" * 100_000, b"f" * 100_000, b"\r\n", b"5\r\nhel", b"5", b"7fffffffffffffff\r\nhello",
    b"ffffffffffffffff\r\nhello",
    b"0\r\n" + b"X: y\r\n" * 20_000, b"0\r\n", b"1\r\n{\r\n" * 3, b"5\nhello\n0\n\n", b"\0\r\n",
    b"5\r\nhello\r\n0\r\n\r\nGARBAGE",
    b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")
#: Websockets' keys, and what comes behind the request.
SOCKETS = (
    b"\r\n\r\n", b"bad\r\n\r\n", b"\xff\r\n\r\n", b"dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x05hello",
    b"dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\xff\xff\xff\xff", b"dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x82\xff" + b"\xff" * 8,
    b"dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://[\r\n\r\n",
    b"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: ,\r\n\r\n")


def all_of_them():
    """A few hundred byte strings, the same every time."""
    yield from GREETINGS
    yield from (line + end for line in LINES for end in (b"\r\n\r\n", b"\n\n"))
    yield from (_GET + headers + b"\r\n" for headers in HEADERS)
    yield from (_POST + headers + b"\r\n{}" for headers in HEADERS if b"Length" in headers or b"Expect" in headers)
    yield from (_CHUNKED + body for body in CHUNKS)
    yield from (_UPGRADE + rest for rest in SOCKETS)
    yield from (_WHOLE[:size] for size in range(1, len(_WHOLE), 3))
    yield from (_GET * 3 + b"\r\n", (_GET + b"\r\n") * 100)
    yield from (_GET + b"\r\n" + b"\x16\x03\x01" * 100, _WHOLE + b"\0" * 5000)
    chance = random.Random(1)
    yield from (chance.randbytes(size) for size in itertools.chain(range(1, 40), (1000, 16384, 65536, 200_000)))


def throw(address, threads=12):
    """Send each of them to ``address``: a client that waits for its answer, one that hangs up, one that resets."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda work: _send(address, *work), itertools.product(all_of_them(), (_wait, _leave, _reset))))


def _send(address, data, end):
    with contextlib.suppress(OSError), socket.create_connection(address, 10) as sock:
        sock.sendall(data)
        end(sock)


def _wait(sock):
    sock.shutdown(socket.SHUT_WR)
    sock.settimeout(1)
    while sock.recv(65536):
        pass


def _leave(sock):
    """Nothing: it is closed, with what was not read."""


def _reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
