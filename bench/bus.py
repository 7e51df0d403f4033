"""What one RPC call over the in-process bus costs, there and back, on green and on native threads."""

import json
import os
import subprocess
import sys
import time

from bench import measure

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(report, quick=False):
    """Report ``bus_call_eventlet`` and ``bus_call_threading``; each in a process of its own."""
    for mode in ("eventlet", "threading"):
        command = [sys.executable, "-W", "ignore", "-m", "bench.bus", mode, "300" if quick else "3000"]
        output = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
        report(f"bus_call_{mode}", json.loads(output))


def _measure(mode, times):
    from nova_lite.common import concurrency
    concurrency.start(mode)
    from nova_lite.common import rpc
    from nova_lite.common.context import RequestContext

    class Endpoint:
        def echo(self, context, value):
            return value

    rpc.init("local://bench")
    server = rpc.server("bench", "host1", [Endpoint()]).start()
    client, context = rpc.client("bench", "1.0").to("host1"), RequestContext("user", "project", ("member",))
    value = {"operation_id": "0123456789abcdef", "step": 3}
    rounds = []
    for _ in range(4):          # the first one warms up
        before = time.process_time()
        spent = [measure.timed(lambda: client.call(context, "echo", value=value)) for _ in range(times)]
        rounds.append((time.process_time() - before, spent))
    cpu, spent = sorted(rounds[1:])[1]
    server.stop(5)
    return measure.latency(spent) | {"cpu_ms": round(cpu / times * 1000, 3)}


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]))))
