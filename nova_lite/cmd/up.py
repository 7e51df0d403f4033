"""``nova-lite up``: the whole cloud in one process, from an empty directory to ready."""

import logging
import os
import subprocess
import sys
import time

from nova_lite.cmd import address, base, state_dir
from nova_lite.common import exception
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)
_READY = "NOVA_LITE_READY_FD"


def run(arguments):
    """Start the cloud; return the process's exit status when it was stopped (or, detached, when it is ready)."""
    if arguments.detach:
        return _detach(arguments)
    try:
        return _foreground(arguments)
    except exception.NovaLiteError as error:
        _tell_parent(f"nova-lite: {error}\n", failed=True)
        return 1
    except Exception as error:
        LOG.exception("Unexpected")
        text = (str(error).splitlines() or [""])[0]
        _tell_parent(f"nova-lite: unexpected {type(error).__name__}: {text}\n"
                     f"{os.path.abspath(arguments.state_dir)}/log/nova-lite.log has the rest.\n", failed=True)
        return 1


def _foreground(arguments):
    place = os.path.abspath(arguments.state_dir)
    configure(arguments, place)
    lock = state_dir.prepare_and_lock(place)
    log_file = os.path.join(place, "log", "nova-lite.log")
    base.set_up_log(log_file)
    base.obey_failpoints()
    sockets = address.bind(f"{CONF.api.listen}:{CONF.api.port}")
    cloud = _Cloud(sockets)
    cloud.start()
    from nova_lite.cmd import welcome
    text = welcome.write(place, public_url(), log_file)
    lock.write_pid()
    _tell_parent(text)
    liveness = cloud.liveness()
    try:
        clean = cloud.stop(base.wait_for_signal(liveness))
    finally:
        lock.release()
    return base.leave(clean, status=int(liveness.deaf))


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
        from nova_lite.cmd import bootstrap, consoles, services
        from nova_lite.cmd.doors import Doors
        from nova_lite.common import rpc
        from nova_lite.db import migrate
        self._driver = services.make_driver()
        migrate.sync()
        rpc.init()
        doors = Doors()
        doors.image.recover()
        bootstrap.run(doors)
        services.forget_dead_workers()
        from nova_lite.api.metadata import app as metadata
        from nova_lite.api.wsgi import app
        self._services = [services.Conductor(doors), services.Scheduler(),
                          services.Compute(self._driver, metadata.build(doors)),
                          *consoles.beside(doors, CONF.api.listen),
                          services.Web(app.build(doors), sockets, doors.image)]
        self._started = []

    def start(self):
        for service in self._services:
            service.start()
            self._started.append(service)

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
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
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
    sys.stderr.write(text or child.stderr.read().decode(errors="replace"))
    return 1


def _tell_parent(text, failed=False):
    """Say it to the parent that waits, or to the terminal."""
    number = os.environ.pop(_READY, None)
    if number is None:
        print(text, end="", flush=True, file=sys.stderr if failed else sys.stdout)
        return
    with os.fdopen(int(number), "w") as pipe:
        pipe.write(text if failed else f"ready\n{text}")
