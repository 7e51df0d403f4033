"""``nova-lite up``: the whole cloud in one process, from an empty directory to ready."""

import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time

from nova_lite.cmd import address, base, state_dir, streams
from nova_lite.common import exceptions
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_READY = "NOVA_LITE_READY_FD"


def run(arguments):
    """Start the cloud; return the process's exit status when it was stopped (or, detached, when it is ready)."""
    if arguments.detach:
        return _detach(arguments)
    try:
        return _foreground(arguments)
    except exceptions.NovaLiteError as error:
        _report_to_parent(f"nova-lite: {error}\n", failed=True)
        return 1
    except Exception as error:
        LOG.exception("Unexpected")
        text = (str(error).splitlines() or [""])[0]
        _report_to_parent(f"nova-lite: unexpected {type(error).__name__}: {text}\n"
                     f"{os.path.abspath(arguments.state_dir)}/log/nova-lite.log has the rest.\n", failed=True)
        return 1


def _foreground(arguments):
    place = os.path.abspath(arguments.state_dir)
    configure(arguments, place)
    lock = state_dir.prepare_and_lock(place)
    log_file = os.path.join(place, "log", "nova-lite.log")
    base.set_up_log(log_file)
    if _READY in os.environ:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        streams.give_up(log_file)
    base.obey_failpoints()
    sockets = address.bind(f"{CONF.api.listen}:{CONF.api.port}")
    cloud = _Cloud(sockets)
    cloud.start()
    from nova_lite.cmd import clouds_yaml
    text = clouds_yaml.write(place, public_url(), log_file)
    lock.write_pid()
    _report_to_parent(text)
    liveness = cloud.liveness()
    try:
        clean = cloud.stop(base.wait_for_signal(liveness))
    finally:
        lock.release()
    return base.leave(clean, status=int(liveness.consumers_hang))


def configure(arguments, place):
    """Options of the command line stand above those of files."""
    base.configure([], "nova-lite", [os.path.join(place, "nova_lite.conf"), *base.existing(arguments.config_file)])
    CONF.set_override("state_dir", place)
    if getattr(arguments, "driver", None):
        CONF.set_override("driver", arguments.driver, group="compute")
    if getattr(arguments, "listen", None):
        host, port = address.split(arguments.listen)
        CONF.set_override("listen", host, group="api")
        CONF.set_override("port", port, group="api")


def public_url():
    """The base of every endpoint as clients on this machine reach it."""
    host = "127.0.0.1" if CONF.api.listen in ("0.0.0.0", "::", "") else CONF.api.listen
    return f"http://{f'[{host}]' if ':' in host else host}:{CONF.api.port}"


class _Cloud:
    """All services of the one process, started in the order in which they need each other."""

    def __init__(self, sockets):
        from nova_lite.cmd import bootstrap, cloud_check, consoles, services
        from nova_lite.cmd.facades import Facades
        from nova_lite.common import rpc
        from nova_lite.db import migrate
        self._driver = services.make_driver()
        cloud_check.refuse_lost_database()
        migrate.sync()
        cloud_check.claim()
        rpc.init()
        facades = Facades()
        facades.image.recover()
        bootstrap.run(facades, repair=False)
        services.forget_dead_workers()
        from nova_lite.api.metadata import app as metadata
        from nova_lite.api.wsgi import app
        self._services = [services.Conductor(facades), services.Scheduler(),
                          services.Compute(self._driver, metadata.build(facades)),
                          *consoles.beside(facades, CONF.api.listen),
                          services.Web(app.build(facades), sockets, facades.image)]
        self._started = []

    def start(self):
        """Start all; nearly everything made on the way stays, so to look for garbage meanwhile is for nothing."""
        gc.disable()
        try:
            for service in self._services:
                service.start()
                self._started.append(service)
        finally:
            gc.enable()

    def liveness(self):
        from nova_lite.cmd.liveness import Liveness
        return Liveness([server for service in self._services for server in service.servers], database=True)

    def stop(self, seconds):
        """What waits for a place waits for the next start: the host here says goodbye before its conductor stops."""
        from nova_lite.cmd import services
        end = time.monotonic() + seconds
        for each in self._started:
            if isinstance(each, services.Conductor):
                each.quiet(seconds * 0.2)
        return services.stop(self._started[::-1], end - time.monotonic())


# ---- in the background

def _detach(arguments):
    """Start this same command again without a terminal, pass on what it says when it is ready, and leave."""
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "nova_lite.cmd.nova_lite", "up", "--state-dir", arguments.state_dir]
    command += ["--listen", arguments.listen] if arguments.listen else []
    command += ["--driver", arguments.driver] if arguments.driver else []
    for each in arguments.config_file:
        command += ["--config-file", each]
    words = tempfile.TemporaryFile()         # noqa: SIM115 - a pipe would break, or fill, when this process is gone
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words,
                             start_new_session=True, pass_fds=[writing], env={**os.environ, _READY: str(writing)})
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            text = pipe.read()
    except KeyboardInterrupt:           # Ctrl-C reaches this terminal's processes only
        child.terminate()
        child.wait()
        raise
    if text.startswith("ready\n"):
        print(text.removeprefix("ready\n"), end="")
        return 0
    child.wait()
    words.seek(0)
    sys.stderr.write(text or words.read().decode(errors="replace"))
    return 1


def _report_to_parent(text, failed=False):
    """Say it to the parent that waits, or to the terminal."""
    number = os.environ.pop(_READY, None)
    if number is None:
        print(text, end="", flush=True, file=sys.stderr if failed else sys.stdout)
        return
    with contextlib.suppress(OSError), os.fdopen(int(number), "w") as pipe:     # it may be gone
        pipe.write(text if failed else f"ready\n{text}")
