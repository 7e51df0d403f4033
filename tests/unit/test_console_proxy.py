"""The console proxy on real sockets: who is let in, what is relayed, which pages there are."""

import contextlib
import select
import socket
import threading
import time

import pytest
import requests
import websocket

from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.console import proxy as proxies
from nova_lite.console.origins import Origins
from nova_lite.console.pages import NoPages, Pages
from nova_lite.console.proxy import Proxy
from tests import on_eventlet
from tests.clouds import until


class Guest:
    """A Connector with one guest behind it, which repeats in capitals what is said."""

    def __init__(self):
        self.opened = []
        self.ends = []
        self.pieces = 0         # how often something was received

    def open(self, token):
        self.opened.append(token)
        if token != "good":
            raise exceptions.ConsoleTokenNotFound
        near, far = socket.socketpair()
        self.ends.append(far)
        threading.Thread(target=self._talk, args=(far,), daemon=True).start()
        return near, "server-1"

    def _talk(self, far):
        """It waits by select: a test may set the socket not to block at any time."""
        with contextlib.suppress(OSError, ValueError):
            while select.select([far], [], [])[0] and (piece := far.recv(4096)):
                self.pieces += 1
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
def places():
    """Proxies hold eight connections, of one address five."""
    wanted = (("max_connections", 8, "console"), ("max_connections_per_address", 5, "console"))
    for option in wanted:
        CONF.set_override(*option)
    yield
    for name, _, group in wanted:
        CONF.clear_override(name, group)


@pytest.fixture
def proxy(folder):
    guest = Guest()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Proxy([listener], guest, Pages(str(folder)), Origins())
        made.guest, made.address = guest, f"127.0.0.1:{listener.getsockname()[1]}"
        made.start()
        yield made
        made.stop(1)


def open_console(proxy, path="/?token=good", **more):
    return contextlib.closing(websocket.create_connection(
        f"ws://{proxy.address}{path}", timeout=60, **{"suppress_origin": True, "subprotocols": ["binary"]} | more))


def refused(proxy, path="/?token=good", **more):
    with pytest.raises(websocket.WebSocketBadStatusException) as caught, open_console(proxy, path, **more):
        pass
    assert not caught.value.resp_body
    return caught.value.status_code


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_the_proxy_passes_frames_to_the_guest_and_its_answers_back(proxy):
    with open_console(proxy) as console:
        assert console.getsubprotocol() == "binary"
        console.send_binary(b"hello")
        assert console.recv() == b"HELLO"
        console.send("text too")
        assert console.recv() == b"TEXT TOO"


def test_megabytes_pass_through_the_proxy_unchanged(proxy):
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
        proxy.guest.ends[0].shutdown(socket.SHUT_RDWR)
        assert console.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE


def test_the_guest_is_let_go_when_the_browser_goes(proxy):
    with open_console(proxy) as console:
        console.send_binary(b"x")
        console.recv()
    proxy.guest.ends[0].settimeout(60)
    with contextlib.suppress(ConnectionResetError):
        assert proxy.guest.ends[0].recv(1) == b""


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=stolen", "/?other=good"])
def test_a_request_without_a_valid_token_is_404(proxy, path):
    assert refused(proxy, path) == 404


def test_the_token_may_be_a_cookie(proxy):
    with open_console(proxy, "/", cookie="token=good") as console:
        console.send_binary(b"a")
        assert console.recv() == b"A"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1",
                                    "http://127.0.0.1:1", "file://", "http://[", "ftp://127.0.0.1"])
def test_a_page_of_another_site_may_not_open_a_console(proxy, origin):
    assert refused(proxy, suppress_origin=False, origin=origin) == 403
    assert proxy.guest.opened == []


def test_a_page_of_this_host_or_of_a_named_one_may(proxy):
    with open_console(proxy, suppress_origin=False, origin=f"http://{proxy.address}"):
        pass
    CONF.set_override("allowed_origins", ["horizon.example"], "console")
    try:
        with open_console(proxy, suppress_origin=False, origin="https://horizon.example"):
            pass
    finally:
        CONF.clear_override("allowed_origins", "console")


def test_the_page_and_the_files_of_novnc_are_served(proxy):
    page = requests.get(f"http://{proxy.address}/vnc_lite.html?path=%3Ftoken%3Dx", timeout=60)
    assert (page.status_code, page.headers["Content-Security-Policy"]) == (200, "frame-ancestors 'self'")
    assert "./core/rfb.js" in page.text
    script = requests.get(f"http://{proxy.address}/core/rfb.js", timeout=60)
    assert (script.text, script.headers["Content-Type"]) == ("export default 1;", "text/javascript")


@pytest.mark.parametrize("path", ["/../outside.js", "/%2e%2e/outside.js", "//evil.example/%2e%2e", "/core/link.js",
                                  "/core/secret.conf", "/core", "/%00", "/etc/passwd"])
def test_paths_outside_the_folder_are_404_and_never_redirected(proxy, path):
    with socket.create_connection(proxy.address.split(":"), 60) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_pages_are_read_only(proxy):
    assert requests.post(f"http://{proxy.address}/vnc_lite.html", data=b"x", timeout=60).status_code == 405


def test_the_page_without_novnc_says_how_to_install_it(tmp_path):
    status, _, text = Pages(str(tmp_path)).get("/vnc_lite.html")
    assert status == 404
    assert b"novnc_dir" in text and str(tmp_path).encode() in text


def test_the_serial_proxy_has_no_pages():
    assert NoPages().get("/vnc_lite.html")[0] == 404


def test_a_client_that_sends_a_request_too_slowly_is_cut_off(proxy, monkeypatch):
    monkeypatch.setattr(proxies, "_HEAD", 0.3)
    with socket.create_connection(proxy.address.split(":"), 60) as raw:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 60:
                raw.sendall(b"X")
                time.sleep(0.05)
        assert time.monotonic() - started < 60


def test_a_connection_that_sends_no_http_is_closed_and_the_next_is_served(proxy, caplog):
    upgrade = b"Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    for said in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70000,
                 b"GET http://[ HTTP/1.1\r\n" + upgrade + b"\r\n",
                 b"GET / HTTP/1.1\r\n" + upgrade + b"Origin: http://[\r\n\r\n"):
        with socket.create_connection(proxy.address.split(":"), 60) as raw, contextlib.suppress(OSError):
            raw.sendall(said)
            raw.shutdown(socket.SHUT_WR)
            raw.makefile("rb").read()
    with open_console(proxy) as console:
        console.send_binary(b"ok")
        assert console.recv() == b"OK"
    assert "failed" not in caplog.text


def test_silent_connections_keep_nobody_out_and_open_consoles_stay(places, proxy):
    silent = [socket.create_connection(proxy.address.split(":"), 60) for _ in range(20)]
    with open_console(proxy) as console:
        silent += [socket.create_connection(proxy.address.split(":"), 60) for _ in range(20)]
        assert requests.get(f"http://{proxy.address}/vnc_lite.html", timeout=60).status_code == 200
        console.send_binary(b"ok")
        assert console.recv() == b"OK"
    assert len(silent) == 40


@pytest.fixture
def no_exempt():
    CONF.set_override("proxy_addresses", [], "http")
    yield
    CONF.clear_override("proxy_addresses", "http")


def test_consoles_of_one_address_are_limited(places, no_exempt, proxy):
    with contextlib.ExitStack() as stack:
        consoles = [stack.enter_context(open_console(proxy)) for _ in range(5)]
        with pytest.raises((OSError, websocket.WebSocketException)), open_console(proxy):
            pass
        consoles[0].send_binary(b"ok")
        assert consoles[0].recv() == b"OK"


def test_allowed_origins_may_frame_the_console_page(proxy):
    CONF.set_override("allowed_origins", ["https://horizon.example"], "console")
    try:
        page = requests.get(f"http://{proxy.address}/vnc_lite.html", timeout=60)
    finally:
        CONF.clear_override("allowed_origins", "console")
    assert page.headers["Content-Security-Policy"] == "frame-ancestors 'self' https://horizon.example"
    assert "X-Frame-Options" not in page.headers


def test_a_header_with_an_underscore_is_not_the_one_with_a_dash(proxy):
    with socket.create_connection(proxy.address.split(":"), 60) as raw:
        raw.sendall(b"GET /vnc_lite.html HTTP/1.1\r\nHost: a\r\nUp_grade: websocket\r\nUpgrade_: websocket\r\n\r\n")
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("frame", [
    b"\x82\x05hello", b"\x83\x80\0\0\0\0", b"\xff" * 10, b"\x89\xfe\x00\x80" + bytes(132),
    b"\x81\x82\0\0\0\0\xff\xff", b"\x80\x81\0\0\0\0x", b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0x",
    b"\x88\x81\0\0\0\0x", b"\x88\x82\0\0\0\0\0\0", b"\x82\xfe", b"GET / HTTP/1.1\r\n\r\n", bytes(70_000), b""])
def test_broken_frames_end_only_the_console_of_their_sender(proxy, frame, caplog):
    with open_console(proxy) as other:
        broken = websocket.create_connection(f"ws://{proxy.address}/?token=good", timeout=60, suppress_origin=True)
        with contextlib.suppress(OSError):
            broken.sock.sendall(frame)
            broken.sock.shutdown(socket.SHUT_WR)
            while broken.sock.recv(65536):
                pass
        other.send_binary(b"ok")
        assert other.recv() == b"OK"
    assert [each.getMessage() for each in caplog.records if each.levelname in ("ERROR", "CRITICAL")] == []


UPGRADE = {"Host": "a", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


@contextlib.contextmanager
def upgraded(proxy, start=b"GET /?token=good HTTP/1.1", **headers):
    """A socket on which an upgrade was asked for, and the head of its answer; a header that is None is left out."""
    wanted = UPGRADE | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in wanted.items() if value is not None)
    with socket.create_connection(proxy.address.split(":"), 60) as raw:
        raw.sendall(start + b"\r\n" + lines.encode() + b"\r\n")
        head = b""
        while b"\r\n\r\n" not in head and (piece := raw.recv(1)):
            head += piece
        yield raw, head


def masked(first, payload, size=None):
    """A frame as browsers send it, with a mask of zeros; ``size`` is what it says of its length."""
    return bytes([first, 0xff]) + (len(payload) if size is None else size).to_bytes(8, "big") + bytes(4) + payload


@pytest.mark.parametrize("headers", [
    {"Sec_WebSocket_Key": None}, {"Sec_WebSocket_Key": "short"}, {"Sec_WebSocket_Key": "A" * 4000},
    {"Sec_WebSocket_Version": None}, {"Sec_WebSocket_Version": "8"}, {"Connection": None}, {"Connection": "close"},
    {"Sec_WebSocket_Protocol": "a b"}])
def test_an_upgrade_that_breaks_the_protocol_is_refused_before_its_guest_is_asked_for(proxy, headers):
    with upgraded(proxy, **headers) as (_, head):
        assert head.split()[1] in (b"400", b"426")
    assert proxy.guest.opened == []


@pytest.mark.parametrize(("start", "status"), [
    (b"GET /?token=good HTTP/1.0", b"404"), (b"HEAD /?token=good HTTP/1.1", b"404"),
    (b"POST /?token=good HTTP/1.1", b"405")])
def test_only_get_of_http_1_1_opens_a_console(folder, start, status):
    guest = Guest()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Proxy([listener], guest, NoPages(), Origins())
        made.address = f"127.0.0.1:{listener.getsockname()[1]}"
        made.start()
        with upgraded(made, start) as (_, head):
            assert head.split()[1] == status
        made.stop(1)
    assert guest.opened == []


@pytest.mark.parametrize(("offered", "chosen"), [("binary", True), ("base64, binary", True), ("base64", False),
                                                 (None, False)])
def test_of_subprotocols_binary_is_chosen_or_none(proxy, offered, chosen):
    with upgraded(proxy, Sec_WebSocket_Protocol=offered) as (raw, head):
        assert head.startswith(b"HTTP/1.1 101 ")
        assert (b"sec-websocket-protocol: binary" in head.lower(), b"protocol" in head.lower().replace(
            b"switching protocols", b"")) == (chosen, chosen)
        raw.sendall(masked(0x82, b"x"))
        assert raw.recv(10) == b"\x82\x01X"


def test_compression_is_not_accepted(proxy):
    with upgraded(proxy, Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits") as (raw, head):
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"deflate" not in head
        raw.sendall(masked(0xc2, b"\xf2\x48\x04\x00"))
        assert raw.recv(4)[2:] == (1002).to_bytes(2, "big")


def test_the_fragments_of_a_message_reach_the_guest_with_a_ping_between_them(proxy):
    with upgraded(proxy) as (raw, _):
        raw.sendall(masked(0x01, b"one ") + masked(0x89, b"?"))
        said = raw.makefile("rb")
        assert said.read(9) in (b"\x82\x04ONE \x8a\x01?", b"\x8a\x01?\x82\x04ONE ")
        for each in range(4):                                   # messages have no limit, frames have
            raw.sendall(masked(0x80 if each == 3 else 0x00, b"y" * 300_000))
            got = 0
            while got < 300_000:
                first, length = said.read(2)
                size = {126: 2, 127: 8}.get(length)
                length = int.from_bytes(said.read(size), "big") if size else length
                assert first == 0x82
                assert said.read(length) == b"Y" * length
                got += length


@pytest.mark.parametrize(("frame", "code"), [
    (masked(0x82, b"", (512 << 10) + 1), 1009), (masked(0x82, b"", 1 << 63), 1009), (b"\x82\x01x", 1002),
    (masked(0x80, b"x"), 1002), (masked(0x8b, b""), 1002), (masked(0x89, bytes(126)), 1002), (masked(0x09, b""), 1002),
    (masked(0x02, b"x") + masked(0x82, b"y"), 1002), (masked(0x88, b"\x03"), 1002)])
def test_a_wrong_frame_ends_the_console_with_the_code_for_it(proxy, frame, code):
    with upgraded(proxy) as (raw, _):
        raw.sendall(frame)
        said = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := raw.recv(4096):
                said += piece
        assert code.to_bytes(2, "big") in said
    proxy.guest.ends[0].settimeout(60)
    with contextlib.suppress(ConnectionResetError):
        assert proxy.guest.ends[0].recv(10) in (b"", b"x")


def test_a_browser_that_does_not_read_stops_its_guest_and_still_types(proxy):
    with upgraded(proxy) as (raw, _):
        raw.sendall(masked(0x82, b"a"))
        assert raw.recv(3) == b"\x82\x01A"
        guest = proxy.guest.ends[0]
        guest.setblocking(False)
        sent, full_since = 0, time.monotonic()
        while time.monotonic() - full_since < 0.5:              # neither the guest's bytes ...
            try:
                sent += guest.send(bytes(65536))
                full_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.02)
            assert sent < 64 << 20
        before = proxy.guest.pieces
        raw.sendall(masked(0x82, b"b"))                         # ... are kept here, nor do keys wait for them
        deadline = time.monotonic() + 60
        while proxy.guest.pieces == before and time.monotonic() < deadline:
            time.sleep(0.02)
        assert proxy.guest.pieces == before + 1


@pytest.fixture
def unread(proxy, monkeypatch):
    """The far end of a guest that reads nothing, and that holds little."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    monkeypatch.setattr(proxy.guest, "open", lambda _token: (near, "server-1"))
    monkeypatch.setattr(proxies, "_LOOK", 0.1)
    with far:
        yield far


def is_let_go(proxy, guest):
    """The console has no place any more, and its guest finds the end of what was said."""
    until("its place is free", lambda: len(proxy._connections) == 0, 10)
    guest.settimeout(10)
    while guest.recv(1 << 20):
        pass


@pytest.mark.parametrize("leave", ["close", "half_close"])
def test_a_browser_that_leaves_a_guest_which_reads_nothing_frees_its_place(proxy, unread, leave):
    with upgraded(proxy) as (raw, _):
        raw.sendall(masked(0x82, bytes(60_000)))
        assert len(proxy._connections) == 1
        if leave == "close":
            raw.close()
        else:
            raw.shutdown(socket.SHUT_WR)
        is_let_go(proxy, unread)


def test_a_guest_that_takes_nothing_for_long_loses_its_console(proxy, unread, monkeypatch):
    monkeypatch.setattr(proxies, "_STUCK", 0.3)
    with upgraded(proxy) as (raw, _):
        raw.sendall(masked(0x82, bytes(60_000)))
        is_let_go(proxy, unread)
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(100)[:1] in (b"", b"\x88")


def test_a_quiet_console_stays_and_is_asked_whether_it_is_there(proxy, monkeypatch):
    monkeypatch.setattr(proxies, "_LOOK", 0.05)
    with upgraded(proxy) as (raw, _):
        time.sleep(0.3)
        raw.sendall(masked(0x82, b"a"))
        assert raw.recv(3) == b"\x82\x01A"
        connection, = proxy._connections
        assert connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60


def test_a_flood_of_pings_is_answered_ping_by_ping(proxy):
    with upgraded(proxy) as (raw, _):
        raw.sendall(b"\x89\x80\0\0\0\0" * 20_000)
        raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert set(raw.makefile("rb").read(40_000)) == {0x8a, 0}


def test_what_people_type_is_never_logged(proxy, caplog):
    with caplog.at_level("DEBUG"), upgraded(proxy) as (raw, _):
        raw.sendall(masked(0x82, b"password"))
        assert raw.recv(10) == b"\x82\x08PASSWORD"
    assert "password" not in caplog.text.lower()
