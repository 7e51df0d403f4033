"""What every console script begins with: read the configuration, choose the concurrency, set up the log.

Nothing here may import the rest of nova_lite at module level: eventlet must be started first.
"""

import gc
import logging
import os
import signal
import sys
import threading
import uuid

from nova_lite import __version__
from nova_lite.cmd import early, notify
from nova_lite.conf import CONF

SYSTEM_CONFIG = "/etc/nova_lite/nova_lite.conf"


def configure(args, prog, config_files=()):
    """Read the configuration, then start the chosen concurrency: from here on everything may be imported."""
    read(args, prog, config_files)
    early.start_concurrency(CONF.concurrency)


def existing(files):
    """The paths that a command line named, made absolute.  :raises Misconfigured: there is no such file."""
    from nova_lite.common import exception
    for each in files:
        if not os.path.exists(each):
            raise exception.Misconfigured(problem=f"There is no configuration file {each}.",
                                          remedy="Give --config-file one that exists.")
    return [os.path.abspath(each) for each in files]


def read(args, prog, config_files=()):
    """Read the configuration files and command line into CONF.

    :param config_files: besides /etc/nova_lite/nova_lite.conf; later ones win.
    """
    early.quiet_libraries()
    from oslo_log import log
    log.register_options(CONF)
    files = [each for each in (SYSTEM_CONFIG, *config_files) if os.path.exists(each)]
    CONF(args, project="nova_lite", prog=prog, version=__version__, default_config_files=files)


def worker_name(binary):
    """The name of this incarnation of a service: "host/binary/uuid"."""
    return f"{CONF.host}/{binary}/{uuid.uuid4()}"


def set_up_log(file=None):
    """Log to ``file``, or to standard error; libraries only from warnings on."""
    from oslo_log import log
    if file:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        CONF.set_override("log_file", os.path.basename(file))
        CONF.set_override("log_dir", os.path.dirname(file))
    log.set_defaults(default_log_levels=log.get_default_log_levels() + [
        "oslo_messaging=WARNING", "eventlet.wsgi=WARNING", "sqlalchemy=WARNING", "alembic=WARNING"])
    log.setup(CONF, "nova_lite", __version__)
    logging.logThreads = logging.logMultiprocessing = False     # no format of ours names them; 5% of a GET's time


def obey_failpoints():
    """In a test's configuration, let tests make this process crash and fail."""
    if CONF.failpoints.enabled:
        from nova_lite.common import failpoints
        failpoints.start(CONF)


def fail(error):
    """Print a start-up error as one line and leave with 1."""
    print(f"nova-lite: {error}", file=sys.stderr)
    raise SystemExit(1)


def wait_for_signal(liveness):
    """Tell the init system that we are ready; return when SIGTERM or SIGINT asks the process to end, or it is deaf.

    :param liveness: a cmd.liveness.Liveness, which is begun here.
    :returns: seconds that services may take to stop; the process ends a little later, whatever hangs.
    """
    _spare_the_collector()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    liveness.start()
    notify.tell(notify.READY)
    while not stopping.wait(1) and not liveness.deaf:   # a bounded wait lets native signal handlers run in either mode
        pass
    logging.getLogger(__name__).info("Stopping")
    if stopping.is_set():               # one that starts itself anew is not stopping for the init system
        notify.tell(notify.STOPPING)
    liveness.stop()
    return bound_the_end(CONF.operations.stop_timeout)


def bound_the_end(seconds):
    """Let the kernel end this process after ``seconds``: neither a loop nor a library that hangs can be in the way.

    :returns: seconds that are left for ending by ourselves.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return seconds * 0.85


def leave(clean, status=0):
    """Return ``status`` where all work had ended; else end here and now: threads that hang would be waited for."""
    if clean:
        return status
    logging.shutdown()
    os._exit(status)


def start_anew():
    """Become the same command again; nothing of this life is left but the process's id."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    logging.shutdown()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _spare_the_collector():
    """What start-up made lives as long as the process; looking through it again is half of a long list's time."""
    gc.collect()
    gc.freeze()
