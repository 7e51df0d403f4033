"""The console proxy on real sockets: who is let in, what is relayed, which pages there are."""

import contextlib
import socket
import threading
import time

import pytest
import requests
import websocket

from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.console import proxy as proxies
from nova_lite.console.pages import NoPages, Pages
from nova_lite.console.proxy import Proxy


class Guest:
    """A door with one guest behind it, who repeats in capitals what is said."""

    def __init__(self):
        self.opened = []
        self.ends = []

    def open(self, token):
        self.opened.append(token)
        if token != "good":
            raise exception.ConsoleTokenNotFound
        near, far = socket.socketpair()
        self.ends.append(far)
        threading.Thread(target=self._talk, args=(far,), daemon=True).start()
        return near, "server-1"

    @staticmethod
    def _talk(far):
        with contextlib.suppress(OSError):
            while piece := far.recv(4096):
                far.sendall(piece.upper())


@pytest.fixture
def folder(tmp_path):
    novnc = tmp_path / "novnc"
    (novnc / "core").mkdir(parents=True)
    (novnc / "core" / "rfb.js").write_text("export default 1;")
    (novnc / "core" / "secret.conf").write_text("no page")
    (tmp_path / "outside.js").write_text("outside")
    (novnc / "core" / "link.js").symlink_to(tmp_path / "outside.js")
    return novnc


@pytest.fixture
def proxy(folder):
    door = Guest()
    with socket.create_server(("127.0.0.1", 0)) as ear:
        made = Proxy([ear], door, Pages(str(folder)))
        made.door, made.address = door, f"127.0.0.1:{ear.getsockname()[1]}"
        made.start()
        yield made
        made.stop(1)


def open_console(proxy, path="/?token=good", **more):
    return contextlib.closing(websocket.create_connection(
        f"ws://{proxy.address}{path}", timeout=10, **{"suppress_origin": True, "subprotocols": ["binary"]} | more))


def refused(proxy, path="/?token=good", **more):
    with pytest.raises(websocket.WebSocketBadStatusException) as caught, open_console(proxy, path, **more):
        pass
    assert not caught.value.resp_body
    return caught.value.status_code


def test_what_is_said_reaches_the_guest_and_its_answer_comes_back(proxy):
    with open_console(proxy) as console:
        assert console.getsubprotocol() == "binary"
        console.send_binary(b"hello")
        assert console.recv() == b"HELLO"
        console.send("text too")
        assert console.recv() == b"TEXT TOO"


def test_much_goes_through_unchanged(proxy):
    sent = bytes(range(65, 91)) * 20000
    with open_console(proxy) as console:
        console.send_binary(sent)
        got = b""
        while len(got) < len(sent):
            got += console.recv()
        assert got == sent


def test_a_ping_is_answered(proxy):
    with open_console(proxy) as console:
        console.ping(b"there?")
        opcode, data = console.recv_data(control_frame=True)
        assert (opcode, data) == (websocket.ABNF.OPCODE_PONG, b"there?")


def test_the_console_is_closed_when_the_guest_goes(proxy):
    with open_console(proxy) as console:
        console.send_binary(b"x")
        console.recv()
        proxy.door.ends[0].shutdown(socket.SHUT_RDWR)
        assert console.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


def test_the_guest_is_let_go_when_the_browser_goes(proxy):
    with open_console(proxy) as console:
        console.send_binary(b"x")
        console.recv()
    proxy.door.ends[0].settimeout(10)
    with contextlib.suppress(ConnectionResetError):
        assert proxy.door.ends[0].recv(1) == b""


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=stolen", "/?other=good"])
def test_without_a_good_token_nobody_gets_in(proxy, path):
    assert refused(proxy, path) == 404


def test_the_token_may_be_a_cookie(proxy):
    with open_console(proxy, "/", cookie="token=good") as console:
        console.send_binary(b"a")
        assert console.recv() == b"A"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_page_of_another_site_may_not_open_a_console(proxy, origin):
    assert refused(proxy, suppress_origin=False, origin=origin) == 403
    assert proxy.door.opened == []


def test_a_page_of_this_host_or_of_a_named_one_may(proxy):
    with open_console(proxy, suppress_origin=False, origin="http://127.0.0.1:6080"):
        pass
    CONF.set_override("allowed_origins", ["horizon.example"], "console")
    try:
        with open_console(proxy, suppress_origin=False, origin="https://horizon.example"):
            pass
    finally:
        CONF.clear_override("allowed_origins", "console")


def test_the_page_and_the_files_of_novnc_are_served(proxy):
    page = requests.get(f"http://{proxy.address}/vnc_lite.html?path=%3Ftoken%3Dx", timeout=10)
    assert (page.status_code, page.headers["X-Frame-Options"]) == (200, "SAMEORIGIN")
    assert "./core/rfb.js" in page.text
    script = requests.get(f"http://{proxy.address}/core/rfb.js", timeout=10)
    assert (script.text, script.headers["Content-Type"]) == ("export default 1;", "text/javascript")


@pytest.mark.parametrize("path", ["/../outside.js", "/%2e%2e/outside.js", "//evil.example/%2e%2e", "/core/link.js",
                                  "/core/secret.conf", "/core", "/%00", "/etc/passwd"])
def test_nothing_outside_the_folder_is_served_and_nobody_is_sent_elsewhere(proxy, path):
    with socket.create_connection(proxy.address.split(":"), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_only_reading_is_understood(proxy):
    assert requests.post(f"http://{proxy.address}/vnc_lite.html", data=b"x", timeout=10).status_code == 405


def test_without_novnc_the_page_says_how_to_install_it(tmp_path):
    status, _, text = Pages(str(tmp_path)).get("/vnc_lite.html")
    assert status == 404
    assert b"novnc_dir" in text and str(tmp_path).encode() in text


def test_the_serial_proxy_has_no_pages():
    assert NoPages().get("/vnc_lite.html")[0] == 404


def test_who_drips_a_request_is_cut_off(proxy, monkeypatch):
    monkeypatch.setattr(proxies, "_HEAD", 0.3)
    with socket.create_connection(proxy.address.split(":"), 10) as raw:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 5:
                raw.sendall(b"X")
                time.sleep(0.05)
        assert time.monotonic() - started < 5


def test_nonsense_is_dropped_and_the_next_one_served(proxy, caplog):
    upgrade = b"Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    for said in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000,
                 b"GET http://[ HTTP/1.1\r\n" + upgrade + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + upgrade + b"Origin: http://[\r\n\r\n"):
        with socket.create_connection(proxy.address.split(":"), 10) as raw, contextlib.suppress(OSError):
            raw.sendall(said)
            raw.shutdown(socket.SHUT_WR)
            raw.makefile("rb").read()
    with open_console(proxy) as console:
        console.send_binary(b"ok")
        assert console.recv() == b"OK"
    assert "failed" not in caplog.text
