"""How long others wait for an answer while a thousand clients are silent and a hundred send a body byte by byte."""

import contextlib
import http.client
import resource
import socket
import tempfile
import threading
import time

from bench import cloud

_SILENT, _DRIPPING = 1000, 100
_HEAD = (b"POST /identity/v3/auth/tokens HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
         b"Content-Length: 100000\r\n\r\n")


def run(report, quick=False):
    """Report ``crowd_eventlet`` and ``crowd_threading``: the 99th percentile of the latencies, in milliseconds."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard > 0 else 8192, hard))
    for mode in ("eventlet", "threading"):
        with tempfile.TemporaryDirectory(prefix="nova-lite-bench-") as directory:
            made = cloud.Cloud(directory, options=f"[DEFAULT]\nconcurrency = {mode}\n").start()
            try:
                report(f"crowd_{mode}", _measure(made.url.removeprefix("http://").split(":"), 100 if quick else 500))
            finally:
                made.stop()


def _measure(address, times):
    stopping = threading.Event()
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(address, 10)) for _ in range(_SILENT)]
        dripping = [stack.enter_context(socket.create_connection(address, 10)) for _ in range(_DRIPPING)]
        for each in dripping:
            each.sendall(_HEAD)
        dripper = threading.Thread(target=_drip, args=(dripping, stopping))
        dripper.start()
        time.sleep(2)               # all are accepted
        try:
            spent = sorted(_ask(address) for _ in range(times))
        finally:
            stopping.set()
            dripper.join()
    return {"value": round(spent[times * 99 // 100], 2), "p50_ms": round(spent[times // 2], 2), "n": times,
            "note": f"beside {len(silent)} silent and {len(dripping)} dripping clients"}


def _drip(clients, stopping):
    while not stopping.wait(1):
        for each in clients:
            with contextlib.suppress(OSError):
                each.send(b" ")


def _ask(address):
    began = time.perf_counter()
    asking = http.client.HTTPConnection(*address, timeout=60)
    asking.request("GET", "/")
    asking.getresponse().read()
    asking.close()
    return (time.perf_counter() - began) * 1000
