"""What one client may take of an HTTP server, in both modes of concurrency: places, time, and headers."""

import contextlib
import http.client
import ipaddress
import socket
import struct
import time

import pytest

from nova_lite.common import concurrency
from nova_lite.common.serving.sockets import STREAM
from tests import on_eventlet, raw_inputs
from tests.clouds import until

pytestmark = pytest.mark.slow        # they wait for real deadlines

LIMITS = concurrency.Limits(connections=20, threads=2, head=60, idle=60, body=0.6, rate=50_000, grace=0.6)
_LATER = 60         # seconds; whatever must happen at all happens within them


def app(environ, start_response):
    if environ["PATH_INFO"] == "/stream":
        environ[STREAM]()
    size = 0
    while piece := environ["wsgi.input"].read(4096):
        size += len(piece)
    if environ["PATH_INFO"] == "/much":
        start_response("200 OK", [("Content-Length", str(1 << 25))])
        return (bytes(1 << 16) for _ in range(512))
    names = sorted(name for name in environ if name.startswith("HTTP_X"))
    body = f"{size} {names}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextlib.contextmanager
def serving(limits=LIMITS):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = concurrency.serve(app, [listening], limits)
    try:
        yield listening.getsockname() if listening.fileno() >= 0 else server.sockets[0].getsockname()
    finally:
        server.stop(0)


@pytest.fixture
def address():
    with serving() as made:
        yield made


def connect(address, data=b""):
    made = socket.create_connection(address, _LATER)
    made.sendall(data)
    return made


def answer(sock):
    """The status of what comes; None where the connection ends without an answer."""
    with contextlib.suppress(OSError):
        data = sock.recv(65536)
        return int(data.split()[1]) if data else None
    return None


def get(address, path="/", headers=None):
    asking = http.client.HTTPConnection(*address, timeout=_LATER)
    try:
        asking.request("GET", path, headers=headers or {})
        got = asking.getresponse()
        return got.status, got.read().decode()
    finally:
        asking.close()


def everything(sock):
    """All that is answered until the connection is closed."""
    got = b""
    with contextlib.suppress(OSError):
        while piece := sock.recv(65536):
            got += piece
    return got


def is_open(sock):
    sock.setblocking(False)
    try:
        return sock.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def dripped(sock, data, pause=0.05):
    """The answer to one who sends ``data`` again and again."""
    end = time.monotonic() + _LATER
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            sock.send(data)
        concurrency.sleep(pause)
        sock.setblocking(False)
        try:
            got = sock.recv(65536)
            return int(got.split()[1]) if got else None
        except BlockingIOError:
            sock.settimeout(_LATER)
        except OSError:
            return None
    raise AssertionError("it may drip for ever")


def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_the_oldest_idle_connection_gives_its_place_to_a_new_one(address):
    silent = [connect(address) for _ in range(19)]
    beginning = connect(address, b"GET / HT")
    concurrency.sleep(0.2)
    assert get(address)[0] == 200
    concurrency.sleep(0.2)
    assert [is_open(each) for each in silent] == [False] + [True] * 18
    assert is_open(beginning)


def test_many_silent_connections_keep_nobody_out(address):
    silent = [connect(address, b"GET / HT" if number % 2 else b"") for number in range(100)]
    assert [get(address)[0] for _ in range(20)] == [200] * 20
    assert len(silent) == 100


def test_a_kept_connection_that_is_used_is_not_the_oldest(address):
    used = http.client.HTTPConnection(*address, timeout=_LATER)
    others = [connect(address) for _ in range(60)]
    for _ in range(20):
        used.request("GET", "/")
        assert used.getresponse().read()
        others.append(connect(address))
        concurrency.sleep(0.01)


def test_requests_that_are_worked_on_are_never_closed_for_others():
    with serving(concurrency.Limits(connections=8, threads=2, body=_LATER)) as address:
        busy = [connect(address, b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
                for _ in range(8)]
        assert [answer(each) for each in busy] == [100] * 8        # so they are worked on
        for each in busy:
            each.sendall(b"ab")
        refused = connect(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer(refused) is None
        for each in busy:
            each.sendall(b"cd")
        assert [answer(each) for each in busy] == [200] * 8


def test_connections_of_one_address_are_limited():
    with serving(concurrency.Limits(connections=50, per_address=5)) as address:
        silent = [connect(address) for _ in range(9)]
        until("the first are closed", lambda: not any(is_open(each) for each in silent[:4]), _LATER)
        assert [is_open(each) for each in silent] == [False] * 4 + [True] * 5
        assert get(address)[0] == 200


def test_an_address_that_is_a_proxy_has_any_number_of_places():
    exempt = (ipaddress.ip_network("127.0.0.0/8"),)
    with serving(concurrency.Limits(connections=50, per_address=5, exempt=exempt)) as address:
        silent = [connect(address) for _ in range(9)]
        concurrency.sleep(0.3)
        assert all(is_open(each) for each in silent)


@pytest.mark.parametrize("head", [b"Content-Length: 100000\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
                                  b"Transfer-Encoding: chunked\r\n\r\n"], ids=["length", "chunks", "no chunk"])
def test_a_body_must_arrive_within_its_time(address, head):
    data = b"1\r\nx\r\n" if b"chunked" in head else b"x"
    assert dripped(connect(address, b"POST / HTTP/1.1\r\nHost: a\r\n" + head), data) == 408


def test_a_stream_may_last_if_it_keeps_its_rate():
    limits = concurrency.Limits(connections=20, threads=2, head=60, idle=60, body=0.6, rate=2_000, grace=0.6)
    with serving(limits) as address:
        asking = connect(address, b"POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n")
        for _ in range(20):
            asking.sendall(bytes(20_000))
            concurrency.sleep(0.1)
        assert answer(asking) == 200


def test_a_stream_below_its_rate_is_ended(address):
    asking = connect(address, b"POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 400000\r\n\r\n")
    assert dripped(asking, b"x") == 408


def test_slow_clients_do_not_take_the_turns_of_others():
    with serving(concurrency.Limits(threads=2, body=_LATER, grace=_LATER)) as address:
        dripping = [connect(address, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab") for _ in range(30)]
        reading = [connect(address, b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(30)]
        concurrency.sleep(0.3)
        assert get(address)[0] == 200
        assert len(dripping) == len(reading)


def test_a_client_that_does_not_read_its_answer_is_cut_off(address):
    asking = connect(address, b"GET /much HTTP/1.1\r\nHost: a\r\n\r\n")
    concurrency.sleep(2)
    size = 0
    with contextlib.suppress(OSError):
        while piece := asking.recv(1 << 16):
            size += len(piece)
    assert 0 < size < 1 << 25


def test_a_header_with_an_underscore_is_not_the_one_with_a_dash(address):
    headers = {"X_Auth_Token": "a", "X-Roles": "b", "X_Roles": "c", "X-Odd_One": "d"}
    assert get(address, headers=headers) == (200, "0 ['HTTP_X_ROLES']")


def test_a_content_length_with_an_underscore_is_none(address):
    asking = connect(address, b"POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n")
    assert answer(asking) == 200


@pytest.mark.parametrize("headers", [
    b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    b"Content-Length: +1\r\n", b"Content-Length: 1_0\r\n", b"Transfer-Encoding: gzip\r\n",
    b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"])
def test_a_body_whose_end_is_unclear_is_refused_and_its_connection_closed(address, headers):
    asking = connect(address, b"POST / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")
    got = everything(asking)
    assert got.split()[1] in (b"400", b"501")
    assert got.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("line", [b"Bad : x", b"Bad", b" Bad: x", b"\tx", b": x", b"B\x01d: x", b"Bad: x\rHost: y",
                                  b"Bad: \0", b"Bad: x\n\tContent-Length: 0"])
@pytest.mark.parametrize("head", [b"%s\r\nHost: a\r\n", b"Host: a\r\n%s\r\n"])
def test_a_line_that_is_no_header_hides_no_request(address, head, line):
    inner = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    asking = connect(address, b"POST / HTTP/1.1\r\n" + head % line + b"Content-Length: %d\r\n\r\n" % len(inner) + inner)
    got = everything(asking)
    assert got.split()[1] == b"400"
    assert got.count(b"HTTP/1.") == 1


@pytest.mark.parametrize("body", [
    b"-1\r\n5\r\nhello\r\n", b"0x5\r\nhello\r\n", b"+5\r\nhello\r\n", b"1_0\r\n0123456789012345\r\n",
    b" 5\r\nhello\r\n", b"5\nhello\r\n", b"5\r\nhelloXX\r\n", b"5\r\nhello\n", b"\r\n", b"1" * 17 + b"\r\nx\r\n"])
def test_chunks_whose_size_is_unclear_are_no_body(address, body):
    asking = connect(address, b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
                     + b"0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    got = everything(asking)
    assert got.split()[1] == b"400"
    assert got.count(b"HTTP/1.") == 1


def test_a_client_that_resets_its_connection_after_an_answer_is_no_error_of_ours(address, caplog):
    for _ in range(20):
        asking = connect(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
        asking.recv(1)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.close()
    assert get(address)[0] == 200
    assert [each.getMessage() for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")] == []


def test_requests_that_come_at_once_are_answered_in_order(address):
    asking = connect(address, b"".join(
        b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (size, size) + bytes(size)
        for size in (3, 9000, 0, 70_000)))
    asking.shutdown(socket.SHUT_WR)
    got = b""
    while piece := asking.recv(65536):
        got += piece
    assert [part.split(b" ")[0] for part in got.split(b"\r\n\r\n")[1:]] == [b"3", b"9000", b"0", b"70000"]


def test_clients_that_send_without_a_pause_do_not_delay_others(address):
    busy = [connect(address) for _ in range(3)]
    stopping = concurrency.Event()

    def send(sock, data):
        with contextlib.suppress(OSError):
            while not stopping.is_set():
                sock.sendall(data)

    def read(sock):
        with contextlib.suppress(OSError):
            while sock.recv(1 << 20):
                pass
    try:
        for each in busy:
            concurrency.spawn(send, each, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
            concurrency.spawn(read, each)
        assert [get(address)[0] for _ in range(5)] == [200] * 5
    finally:
        stopping.set()
        for each in busy:
            each.shutdown(socket.SHUT_RDWR)


def test_malformed_requests_stop_nothing_and_log_no_errors(address, caplog):
    raw_inputs.throw(address, threads=4)
    assert get(address)[0] == 200
    assert [each.getMessage() for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")] == []


def test_a_guests_metadata_is_served_through_all_of_that(caplog):
    from nova_lite.network.planes.linux import metadata_proxy
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    address = listening.getsockname()
    server = concurrency.serve(metadata_proxy.identified(app, "n"), [listening], metadata_proxy._LIMITS)
    try:
        raw_inputs.throw(address, threads=4)
        silent = [connect(address) for _ in range(200)]
        assert get(address)[0] == 200
        assert len(silent) == 200
    finally:
        server.stop(0)
    assert [each.getMessage() for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")] == []
