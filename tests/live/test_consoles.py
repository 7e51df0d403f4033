"""Consoles of a real guest: its screen in a browser, its serial port over a websocket, and their end with the boot."""

import contextlib
import os
import socket
import stat
import urllib.parse
from itertools import accumulate

import pytest
import websocket

from nova_lite.console.origins import Origins
from nova_lite.console.pages import Pages
from nova_lite.console.proxy import Proxy
from tests import browser, clouds, hypervisor, modes
from tests.live.test_real_server import boot

#: How many pixels of the canvas are not black.
LIT = """(() => {
  const canvas = document.querySelector("canvas");
  if (!canvas || canvas.width < 100) return 0;
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let lit = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i] > 60) lit++;
  return lit;
})()"""


@pytest.fixture(scope="module")
def server(real_cloud):
    """One guest for all tests here; the last of them stops it."""
    yield boot(real_cloud)


def link(cloud, server, protocol, kind):
    answer = cloud.post(f"/compute/v2.1/servers/{server['id']}/remote-consoles",
                        {"remote_console": {"protocol": protocol, "type": kind}}, version="2.6")
    assert answer.status == 200, answer.text
    return answer.body["remote_console"]["url"]


def serial(url):
    return contextlib.closing(websocket.create_connection(url, subprotocols=["binary"], timeout=2))


def read_until(console, awaited, saying=b""):
    """Send ``saying`` and read until ``awaited`` arrives; returns all that was read."""
    received = b""

    def there():
        nonlocal received
        with contextlib.suppress(websocket.WebSocketTimeoutException):
            received += console.recv()
        return awaited in received

    if saying:
        console.send_binary(saying)
    clouds.until(f"the console says {awaited!r}", there, 120)
    return received


def wait_until_closed(console):
    def closed():
        with contextlib.suppress(websocket.WebSocketTimeoutException):
            return console.recv_data(control_frame=True)[0] == websocket.ABNF.OPCODE_CLOSE
    clouds.until("the console is closed", closed)


def log_in(console):
    console.send_binary(b"\r")
    read_until(console, b"login: ")
    read_until(console, b"assword", b"root\r")
    read_until(console, b"# ", b"nova\r")


def test_a_person_logs_in_on_the_serial_port(real_cloud, server):
    with serial(link(real_cloud, server, "serial", "serial")) as console:
        log_in(console)
        assert b"sum-is-42" in read_until(console, b"sum-is-42", b"echo sum-is-$((40 + 2))\r")
        console.send_binary(b"exit\r")


def test_a_second_person_takes_the_serial_port_over(real_cloud, server):
    with serial(link(real_cloud, server, "serial", "serial")) as first:
        first.send_binary(b"\r")
        read_until(first, b"login: ")
        with serial(link(real_cloud, server, "serial", "serial")) as second:
            second.send_binary(b"\r")
            read_until(second, b"login: ")
            wait_until_closed(first)


def test_the_screen_is_in_the_browser_and_keys_arrive_in_the_guest(real_cloud, server, tmp_path):
    with browser.page() as page:
        page.open(link(real_cloud, server, "vnc", "novnc"))
        try:
            clouds.until("the guest's screen is shown", lambda: page.ask(LIT) > 5000, 120)
            assert page.ask("document.getElementById('status').textContent").startswith("Connected to ")
            before = page.ask(LIT)
            page.type("hello")
            clouds.until("what was typed is on the screen", lambda: page.ask(LIT) > before + 50, 30)
        finally:
            page.screenshot(tmp_path / "screen.png")
    with serial(link(real_cloud, server, "serial", "serial")) as console:
        log_in(console)
        assert b"login: hello" in read_until(console, b"login: hello", b"fold -w 80 /dev/vcs1 | grep login:\r")
        console.send_binary(b"exit\r")


def test_a_guests_screen_listens_nowhere(real_cloud, server):
    """Its VNC asks nobody who he is: whoever reached it, over TCP or a socket, would have screen and keyboard."""
    [qemu] = hypervisor.processes(b"qemu-system", real_cloud.state_dir)
    assert listening(qemu) == {}
    assert [path for path in unix_sockets(qemu) if "vnc" in path] == []


def test_sockets_of_a_guest_are_closed_to_other_accounts(real_cloud, server):
    """Monitor and guest agent: whoever reached these would have the guest."""
    [qemu] = hypervisor.processes(b"qemu-system", real_cloud.state_dir)
    paths = [path for path in unix_sockets(qemu) if path.startswith("/")]
    assert any("monitor.sock" in path for path in paths), paths
    assert [path for path in paths if reachable(f"/proc/{qemu}/root", path)] == []


def test_files_of_a_cloud_with_real_guests_are_closed_to_other_accounts(real_cloud, server):
    assert modes.readable_by_others(real_cloud.state_dir, but=["network"]) == []


def listening(pid):
    """{inode: address} of TCP sockets that a process listens on."""
    mine = {os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")}
    found = {}
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as file:
            rows = [line.split() for line in file][1:]
        found |= {row[9]: row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine}
    return found


def unix_sockets(pid):
    """Paths of the unix sockets that a process listens on or talks over."""
    mine = {os.readlink(f"/proc/{pid}/fd/{each}") for each in os.listdir(f"/proc/{pid}/fd")}
    with open(f"/proc/{pid}/net/unix") as file:
        rows = [line.split() for line in file][1:]
    return sorted({row[7] for row in rows if len(row) > 7 and f"socket:[{row[6]}]" in mine})


def reachable(root, path):
    """Whether modes let any account pass to a socket and write to it."""
    folders = [root + each for each in list(accumulate(path.split("/")[1:-1], lambda a, b: f"{a}/{b}", initial=""))[1:]]
    return all(os.stat(each).st_mode & stat.S_IXOTH for each in folders) and bool(
        os.stat(root + path).st_mode & stat.S_IWOTH)


def test_a_console_ends_when_its_server_is_stopped(real_cloud, server):
    url = link(real_cloud, server, "serial", "serial")
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
    with serial(url) as console:
        console.send_binary(b"\r")
        read_until(console, b"login: ")
        assert real_cloud.act(server["id"], "os-stop").status == 202
        real_cloud.wait_for(server["id"], "SHUTOFF")
        wait_until_closed(console)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused, serial(url):
        pass
    assert refused.value.status_code == 404
    assert token not in real_cloud.output()
    real_cloud.delete_server(server["id"])


@pytest.mark.parametrize(("path", "reached"), [
    ("?token=x", "vnc_lite.html?token=x"), ("/deep/er?token=x", "deep/er?token=x"), ("//127.0.0.1:9/?token=x", None),
    ("wss://elsewhere.example/", None)])
def test_a_console_link_cannot_point_the_page_to_another_host(tmp_path, path, reached):
    """Who typed a password there would think that it is the cloud's own page."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "rfb.js").write_text(
        "export default class { constructor(_, url) { window.reached = url; } addEventListener() {} }")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        proxy = Proxy([listener], None, Pages(str(tmp_path)), Origins())
        proxy.start()
        stack.callback(proxy.stop, 1)
        page = stack.enter_context(browser.page())
        here = f"127.0.0.1:{listener.getsockname()[1]}"
        page.open(f"http://{here}/vnc_lite.html?{urllib.parse.urlencode({'path': path})}")
        clouds.until("the page decided", lambda: page.ask(
            "window.reached || (document.getElementById('status') || {}).textContent?.startsWith('This link')"))
        assert page.ask("window.reached") == (reached and f"ws://{here}/{reached}")
