"""The HTTP servers under both modes of concurrency: streams, keep-alive, limits and a graceful end."""

import contextlib
import hashlib
import http.client
import socket
import subprocess
import sys
import time

import pytest

from nova_lite.common import concurrency
from tests import on_eventlet

LIMITS = concurrency.Limits(head=0.5, idle=5, body=5, grace=5, threads=8)


def app(environ, start_response):
    return PAGES[environ["PATH_INFO"]](environ, start_response)


def digest(environ, start_response):
    received, size = hashlib.sha256(), 0
    while piece := environ["wsgi.input"].read(65536):
        received.update(piece)
        size += len(piece)
    return answer(start_response, f"{size} {received.hexdigest()}".encode())


def stream(_environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return (bytes([number]) * 10_000 for number in range(100))


working = []        # paths of requests that began; tests that look here empty it


def slow(environ, start_response):
    working.append(environ["PATH_INFO"])
    concurrency.sleep(float(environ["QUERY_STRING"]))
    return answer(start_response, b"late")


def meeting(environ, start_response):
    """Answers when as many as the query says are here."""
    working.append(environ["PATH_INFO"])
    until(lambda: working.count("/meeting") >= int(environ["QUERY_STRING"]))
    return answer(start_response, b"met")


def until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never came true"
        concurrency.sleep(0.01)


def broken(_environ, _start_response):
    raise RuntimeError("a secret of the inside")


def terminated(environ, start_response):
    return answer(start_response, str(environ.get("wsgi.input_terminated")).encode())


def answer(start_response, body):
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


PAGES = {"/": lambda _environ, start_response: answer(start_response, b"hello"), "/digest": digest, "/stream": stream,
         "/slow": slow, "/meeting": meeting, "/broken": broken, "/terminated": terminated}


class Site:
    def __init__(self):
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.address = listening.getsockname()
        self.server = concurrency.serve(app, [listening], LIMITS)

    def connect(self):
        return http.client.HTTPConnection(*self.address, timeout=60)

    def get(self, path):
        return ask(self.connect(), "GET", path)


def ask(connection, method, path, **given):
    connection.request(method, path, **given)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture
def site():
    made = Site()
    working.clear()
    yield made
    made.server.stop(1)


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_one_connection_serves_many_requests(site):
    connection = site.connect()
    for _ in range(5):
        assert ask(connection, "GET", "/") == (200, b"hello")


def test_a_large_body_is_read_as_a_stream(site):
    body = bytes(range(256)) * 20_000
    expected = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
    assert ask(site.connect(), "POST", "/digest", body=body) == (200, expected)


def test_a_chunked_body_is_read_to_its_end_and_the_connection_lives_on(site):
    pieces = [bytes([number]) * 30_000 for number in range(40)]
    whole = b"".join(pieces)
    connection = site.connect()
    received = ask(connection, "PUT", "/digest", body=iter(pieces), encode_chunked=True,
               headers={"Transfer-Encoding": "chunked"})
    assert received == (200, f"{len(whole)} {hashlib.sha256(whole).hexdigest()}".encode())
    assert ask(connection, "GET", "/") == (200, b"hello")


def test_a_chunked_body_is_marked_as_terminated_for_webob(site):
    chunked = {"Transfer-Encoding": "chunked"}
    received = ask(site.connect(), "PUT", "/terminated", body=iter([b"x"]), encode_chunked=True, headers=chunked)
    assert received == (200, b"True")


def test_an_answer_of_unknown_length_is_streamed(site):
    status, body = site.get("/stream")
    assert (status, len(body)) == (200, 1_000_000)


def test_an_error_of_the_application_is_a_500_without_details(site):
    status, body = site.get("/broken")
    assert status == 500 and b"secret" not in body


def test_slow_requests_are_answered_concurrently(site):
    assert concurrency.Pool(6).map(lambda _: site.get("/meeting?6"), range(6)) == [(200, b"met")] * 6


@pytest.mark.slow
def test_a_client_that_drips_its_headers_is_cut_off(site):
    dripping = socket.create_connection(site.address, timeout=10)
    began = time.monotonic()
    with pytest.raises(OSError):
        dripping.send(b"GET / HTTP/1.1\r\n")
        while time.monotonic() - began < 60:
            concurrency.sleep(0.1)
            dripping.send(b"X")
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 5000)
                                                                            for i in range(20)) + b"\r\n"])
def test_a_head_beyond_the_limits_is_refused(site, head):
    asking = socket.create_connection(site.address, timeout=10)
    try:
        asking.sendall(head)
        received = asking.recv(100)
    except OSError:
        received = b""          # it closed with our bytes still unread
    assert received == b"" or received.split()[1][:1] == b"4"


def test_stopping_lets_a_running_request_finish_and_takes_no_new_one(site):
    running = concurrency.spawn(site.get, "/slow?0.6")
    until(lambda: working)
    assert site.server.stop(60)
    assert running.wait(60) and running.result == (200, b"late")
    with pytest.raises(OSError):
        socket.create_connection(site.address, timeout=2)


def test_stopping_closes_idle_connections_at_once():
    site = Site()
    connection = site.connect()
    ask(connection, "GET", "/")
    began = time.monotonic()
    assert site.server.stop(60)
    assert time.monotonic() - began < 30


def abandon(site, path):
    """Ask, and bear it that no answer comes."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        site.get(path)


def test_stopping_is_bounded_when_a_request_hangs(site):
    hanging = concurrency.spawn(lambda: abandon(site, "/slow?4"))
    until(lambda: working)
    assert not site.server.stop(0.3)
    assert hanging.error is None


@pytest.mark.slow
def test_a_socket_bound_before_the_patching_of_green_threads_is_served():
    code = """
import socket
listening = socket.socket()
listening.bind(("127.0.0.1", 0))
from nova_lite.common import concurrency
concurrency.start("eventlet")
import http.client

def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

address = listening.getsockname()
server = concurrency.serve(app, [listening])
asking = http.client.HTTPConnection(*address, timeout=60)
asking.request("GET", "/")
assert asking.getresponse().read() == b"ok"
assert server.stop(60)
"""
    subprocess.run([sys.executable, "-c", code], cwd=on_eventlet.ROOT, timeout=300, check=True)


def test_two_sockets_are_served_and_a_unix_one_may_be_among_them(tmp_path):
    listening, local = socket.socket(), socket.socket(socket.AF_UNIX)
    listening.bind(("127.0.0.1", 0))
    local.bind(str(tmp_path / "s"))
    server = concurrency.serve(app, [listening, local], LIMITS)
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(str(tmp_path / "s"))
    asking.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    received = b""
    while piece := asking.recv(1000):
        received += piece
    assert received.endswith(b"hello")
    assert ask(http.client.HTTPConnection(*listening.getsockname()), "GET", "/") == (200, b"hello")
    assert server.stop(2)
