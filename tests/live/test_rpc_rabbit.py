"""The bus over a real RabbitMQ: all that ``tests/unit/test_rpc.py`` holds, and outages of the broker."""

import os
import subprocess
import sys

import pytest

from tests import backends, on_eventlet

MODES = ("eventlet", "threading")


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with backends.rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


def run(mode, code, *arguments, timeout=240):
    """Run ``code`` in a process of that mode."""
    command, options = process_of(mode, code, *arguments)
    ran = subprocess.run(command, timeout=timeout, capture_output=True, check=False, **options)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-8000:]


def process_of(mode, code, *arguments):
    start = f"from nova_lite.common import concurrency\nconcurrency.start({mode!r})\n"
    options = {"cwd": on_eventlet.ROOT, "text": True, "env": {**os.environ, "PYTHONPATH": str(on_eventlet.ROOT)}}
    return [sys.executable, "-W", "ignore", "-c", start + code, *arguments], options


@pytest.mark.parametrize("mode", MODES)
def test_a_broker_carries_all_that_the_local_bus_carries(broker, mode):
    code = """
import os, sys
os.environ["NOVA_LITE_TEST_BUS"] = sys.argv[1]
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not green_threads",
                      "tests/unit/test_rpc.py"]))
"""
    run(mode, code, broker)


OUTAGE = """
import os, sys, time
from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext

context = RequestContext("u1", "p1")

class Endpoint:
    def echo(self, context, value):
        return value

def step(word):
    print(word, flush=True)
    sys.stdin.readline()

def unavailable(use):
    began = time.monotonic()
    try:
        use()
    except (exceptions.BusUnavailable, exceptions.NoAnswer):
        pass
    else:
        raise AssertionError("it went through")
    return time.monotonic() - began

rpc.init(sys.argv[1])
server = rpc.server("compute", "host1", [Endpoint()]).start()
client = rpc.client("compute", "1.0").to("host1", timeout=3)
assert client.call(context, "echo", value=1) == 1
step("up")

for _ in range(3):
    spent = unavailable(lambda: client.call(context, "echo", value=1))
    assert spent < 6, spent
assert unavailable(lambda: server.ping(timeout=2)) < 4
began = time.monotonic()
assert [client.cast(context, "echo", value=1) for _ in range(20)] == [False] * 20
assert time.monotonic() - began < 12, "notifications must not queue up behind a dead broker"
step("bounded")

end = time.monotonic() + 60
while True:
    try:
        assert client.call(context, "echo", value=2) == 2
        break
    except (exceptions.BusUnavailable, exceptions.NoAnswer):
        assert time.monotonic() < end, "it never came back"
        concurrency.sleep(0.5)
assert server.ping() < 5
print("back", flush=True)
os._exit(0 if server.stop(15) else 1)
"""


@pytest.mark.parametrize("mode", MODES)
def test_an_outage_of_the_broker_costs_callers_little_and_heals_by_itself(broker, mode):
    command, options = process_of(mode, OUTAGE, broker)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **options) as process:
        def printed(word, then):
            line = process.stdout.readline()
            assert line.strip() == word, line + process.communicate(timeout=60)[1][-6000:]
            then()
            process.stdin.write("\n")
            process.stdin.flush()

        printed("up", broker.server.stop)
        printed("bounded", broker.server.start)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0 and output.strip() == "back", output + errors[-6000:]


LONG = """
import os, subprocess, sys, time
from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext

context = RequestContext("u1", "p1")
rpc._ALIVE = 4

class Endpoint:
    def long(self, context, seconds):
        concurrency.sleep(seconds)
        return seconds

    def die(self, context):
        os._exit(7)

rpc.init(sys.argv[1])
if len(sys.argv) > 2:
    server = rpc.server("compute", sys.argv[2], [Endpoint()]).start()
    print("up", flush=True)
    concurrency.native(sys.stdin.readline, deadline=None)
    os._exit(0)
client = rpc.client("compute", "1.0")
with subprocess.Popen([*sys.orig_argv, "host1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
    assert concurrency.native(other.stdout.readline, deadline=60) == "up\\n"
    assert client.to("host1", timeout=1000).call(context, "long", seconds=12) == 12
    try:
        client.to("host1", timeout=1000).call(context, "die")
    except exceptions.NoAnswer:
        assert other.wait() == 7
        os._exit(0)
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_long_call_ends_when_its_server_is_gone_and_not_before(broker, mode):
    run(mode, LONG, broker)


MISSED = """
import gc, os, sys
from oslo_messaging._drivers.amqpdriver import ObsoleteReplyQueuesCache
from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext
from tests import clouds

context = RequestContext("u1", "p1")

class Endpoint:
    def echo(self, context, value):
        return value

transport = rpc.init(sys.argv[1])
server = rpc.server("compute", "host1", [Endpoint()]).start()
client = rpc.client("compute", "1.0").to("host1", timeout=1)
assert client.call(context, "echo", value=1) == 1
known_as_gone, = (each for each in gc.get_objects() if isinstance(each, ObsoleteReplyQueuesCache))
known_as_gone.add(transport._driver._reply_q, "an answer that came while the broker restarted")

def answered():
    try:
        return client.call(context, "echo", value=2) == 2
    except exceptions.NoAnswer:
        return False

assert not answered()
clouds.until("the caller is answered again", answered, 10)
os._exit(0 if server.stop(15) else 1)
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_caller_whose_queue_was_missing_for_a_while_is_answered_again_soon(broker, mode):
    run(mode, MISSED, broker)
