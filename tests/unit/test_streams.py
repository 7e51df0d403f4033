"""What ends no service: errors in green threads, threads and the main loop, and standard streams that are gone."""

import subprocess
import sys
import textwrap

import pytest

from tests import on_eventlet

pytestmark = pytest.mark.slow

_SERVICE = """
import os, signal, sys, threading, time
from nova_lite.cmd import base, streams
from nova_lite.common import concurrency
base.read([], "service")
concurrency.start({mode!r})
base.set_up_log()

class Liveness:
    consumers_hang = False
    def start(self): pass
    def stop(self): pass

def ended():
    time.sleep(0.5)
    os.write(3, b"alive")
    os.kill(os.getpid(), signal.SIGTERM)

{body}
concurrency.spawn(ended)
base.wait_for_signal(Liveness())
os.write(3, b" stopped")
os._exit(0)
"""


def lives(mode, body, redirect="1>/dev/null 2>&1"):
    """Whether a service that does ``body``, its streams redirected as a shell has it, is still there to be stopped."""
    code = _SERVICE.format(mode=mode, body=textwrap.dedent(body))
    shell = f'exec "$0" -W ignore -c "$1" 3>&1 {redirect}'
    done = subprocess.run(["/bin/sh", "-c", shell, sys.executable, code], cwd=on_eventlet.ROOT, capture_output=True,
                          timeout=300, check=False)
    return done.stdout == b"alive stopped"


@pytest.mark.parametrize("mode", ["eventlet", "threading"])
@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "ValueError()", "BaseException()"])
def test_an_error_beside_the_main_loop_ends_nothing(mode, error):
    assert lives(mode, f"""
        def fail():
            raise {error}
        concurrency.spawn(fail)
        concurrency.every(0.05, fail, first=0)
        threading.Thread(target=fail).start()
    """)


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "ValueError()"])
def test_an_error_in_the_loop_of_green_threads_ends_nothing(error):
    assert lives("eventlet", f"""
        import eventlet.hubs
        def fail():
            raise {error}
        for _ in range(5):
            eventlet.hubs.get_hub().schedule_call_global(0.05, fail)
    """)


@pytest.mark.parametrize("mode", ["eventlet", "threading"])
@pytest.mark.parametrize("redirect", ["1>&- 2>&-", "1>/dev/full 2>&1", "0<&- 1>&- 2>&-"])
def test_a_standard_error_that_is_gone_ends_nothing(mode, redirect):
    assert lives(mode, """
        import logging
        for _ in range(3):
            print("x" * 100_000, file=sys.stderr, flush=True)
            logging.getLogger("nova_lite.x").error("%s %s", "too few")
        concurrency.spawn(lambda: 1 / 0)
    """, redirect=redirect)


def test_a_closed_standard_stream_does_not_become_another_file():
    code = "from nova_lite.cmd import preload; import os; os.write(1, os.readlink('/proc/self/fd/2').encode())"
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" 0<&- 2>&-', sys.executable, code], cwd=on_eventlet.ROOT,
                          stdout=subprocess.PIPE, timeout=300, check=True)
    assert done.stdout == b"/dev/null"


def test_output_after_leaving_the_terminal_is_in_the_log(tmp_path):
    log = tmp_path / "x.log"
    code = """
import logging, os, sys
logging.basicConfig(filename=sys.argv[1], level=logging.INFO)
from nova_lite.cmd import streams
streams.give_up(sys.argv[1])
print("half ", end="", file=sys.stderr)
print("a line", file=sys.stderr)
os.write(2, b"from a library in C\\n")
"""
    subprocess.run([sys.executable, "-c", code, str(log)], cwd=on_eventlet.ROOT, timeout=300, check=True)
    assert "half a line" in log.read_text()
    assert "from a library in C" in log.read_text()
