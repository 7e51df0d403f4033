"""A headless Chromium with one page, driven by its DevTools protocol."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request

import websocket

from tests import clouds

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Page:
    def __init__(self, address):
        self._socket = websocket.create_connection(address, timeout=60, suppress_origin=True)
        self._number = 0
        self.send("Page.enable")
        self.send("Emulation.setDeviceMetricsOverride", width=900, height=560, deviceScaleFactor=1, mobile=False)

    def send(self, method, **params):
        """One command of the protocol; its result."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url):
        self.send("Page.navigate", url=url)

    def ask(self, expression):
        """What a JavaScript expression is worth."""
        return self.send("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def type(self, text):
        for character in text:
            key = {"key": character, "code": f"Key{character.upper()}"}
            self.send("Input.dispatchKeyEvent", type="keyDown", text=character, **key)
            self.send("Input.dispatchKeyEvent", type="keyUp", **key)

    def screenshot(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def close(self):
        self._socket.close()


@contextlib.contextmanager
def page():
    """A Page of a browser that lives as long as the block."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    assert program, f"none of {', '.join(_NAMES)} is installed: run tools/test.sh live, which installs one"
    home = tempfile.mkdtemp(prefix="browser-")
    running = subprocess.Popen(
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
         f"--user-data-dir={home}", "--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = clouds.until("the browser listens", lambda: _port(home))
        made = Page(clouds.until("the browser has a page", lambda: _page(port)))
        with contextlib.closing(made):
            yield made
    finally:
        running.terminate()
        running.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _port(home):
    with contextlib.suppress(FileNotFoundError, IndexError), open(os.path.join(home, "DevToolsActivePort")) as file:
        return file.read().splitlines()[0]


def _page(port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/json", timeout=10) as answer:
        return next((each["webSocketDebuggerUrl"] for each in json.load(answer) if each["type"] == "page"), None)
