"""The relay of a guest's serial port: one caller who knows the secret, whoever else finds the port."""

import contextlib
import os
import resource
import socket

import pytest

from nova_lite.common import concurrency, exceptions
from nova_lite.compute.tasks import relay
from tests import clouds, on_eventlet

_LATER = 60


@pytest.fixture
def terminal():
    """(the guest's end, the path of the other)."""
    near, far = os.openpty()
    yield near, os.ttyname(far)
    os.close(near)
    os.close(far)


@pytest.fixture
def opened(terminal):
    """(port, secret) of a console that was asked for."""
    return relay.Relays().open("127.0.0.1", relay.Terminal("server-1", terminal[1]))


def call(port, said=b""):
    made = socket.create_connection(("127.0.0.1", port), _LATER)
    made.sendall(said)
    return made


def talks(caller, terminal):
    caller.sendall(b"hello")
    got = b""
    while len(got) < 5:
        got += concurrency.native(os.read, terminal[0], 16, deadline=_LATER)
    return got == b"hello"


def closed(caller):
    with contextlib.suppress(OSError):
        return caller.recv(1) == b""
    return True


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_a_caller_with_the_secret_is_connected_to_the_guest(opened, terminal):
    port, secret = opened
    with call(port, secret.encode() + b"\n") as caller:
        assert talks(caller, terminal)


def test_a_scan_of_the_port_does_not_take_the_place_of_the_caller(opened, terminal):
    port, secret = opened
    scanners = [call(port), call(port, b"GET / HTTP/1.1\r\n\r\n"), call(port, b"\x16\x03\x01"), call(port, b"\xff\n")]
    scanners[0].close()
    with call(port, secret.encode() + b"\n") as caller:
        assert talks(caller, terminal)
        assert closed(scanners[1])


def test_a_secret_is_good_for_one_caller(opened, terminal):
    port, secret = opened
    with call(port, secret.encode() + b"\n") as caller:
        assert talks(caller, terminal)
        with contextlib.suppress(OSError), call(port, secret.encode() + b"\n") as second:
            assert closed(second)


def test_a_relay_works_in_a_process_with_many_open_files(terminal):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        port, secret = relay.Relays().open("127.0.0.1", relay.Terminal("server-1", terminal[1]))
        with call(port, secret.encode() + b"\n") as caller:
            assert talks(caller, terminal)
    finally:
        for each in others:
            os.close(each)


def test_a_screen_takes_several_callers_at_once():
    relays, ends = relay.Relays(), []

    def connect():
        near, far = socket.socketpair()
        near.settimeout(_LATER)
        ends.append(near)
        return far.detach()

    with contextlib.ExitStack() as stack:
        callers = []
        for index in range(2):
            port, secret = relays.open("127.0.0.1", relay.Screen(connect))
            callers.append(stack.enter_context(call(port, secret.encode() + b"\n")))
            clouds.until("it is connected", lambda wanted=index + 1: pause() or len(ends) == wanted, _LATER)
            stack.enter_context(ends[index])
        for caller, end in zip(callers, ends, strict=True):
            caller.sendall(b"key")
            assert end.recv(3) == b"key"
            concurrency.spawn(end.sendall, b"RFB" * 100_000)
            assert len(received(caller, 300_000)) == 300_000


def pause():
    concurrency.sleep(0.01)


def received(caller, size):
    got = b""
    while len(got) < size and (piece := caller.recv(65536)):
        got += piece
    return got


def test_a_screen_that_cannot_be_opened_hangs_up():
    def refuse():
        raise exceptions.HypervisorError(reason="the guest is off")

    port, secret = relay.Relays().open("127.0.0.1", relay.Screen(refuse))
    with call(port, secret.encode() + b"\n") as caller:
        assert closed(caller)
