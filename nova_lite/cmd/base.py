"""What every console script begins with: read the configuration, choose the concurrency, set up the log.

Nothing here may import the rest of nova_lite at module level: eventlet must be started first.
"""

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import uuid

from nova_lite import __version__
from nova_lite.cmd import notify, preload, streams
from nova_lite.conf import CONF

#: Others read no file of ours; they may pass through directories, as QEMU's user must.
_UMASK = 0o026
SYSTEM_CONFIG = "/etc/nova_lite/nova_lite.conf"


def configure(args, prog, config_files=()):
    """Read the configuration, then start the chosen concurrency: from here on everything may be imported."""
    read(args, prog, config_files)
    preload.start_concurrency(CONF.concurrency)


def existing(files):
    """The paths that a command line named, made absolute.  :raises Misconfigured: there is no such file."""
    from nova_lite.common import exceptions
    for each in files:
        if not os.path.exists(each):
            raise exceptions.Misconfigured(problem=f"There is no configuration file {each}.",
                                          remedy="Give --config-file one that exists.")
    return [os.path.abspath(each) for each in files]


def read(args, prog, config_files=()):
    """Read the configuration files and command line into CONF, and check all of it.

    :param config_files: besides /etc/nova_lite/nova_lite.conf; later ones win.
    :raises Misconfigured: naming everything that is wrong.
    """
    os.umask(_UMASK)
    preload.quiet_libraries()
    from oslo_config import cfg
    from oslo_log import log

    from nova_lite.cmd import configuration
    from nova_lite.common import exceptions
    from nova_lite.common.serving import limits
    log.register_options(CONF)
    files = [each for each in (SYSTEM_CONFIG, *config_files) if os.path.exists(each)]
    configuration.check_early(CONF, [*files, *_named(args)])
    try:
        CONF(args, project="nova_lite", prog=prog, version=__version__, default_config_files=files)
    except cfg.Error as error:
        raise exceptions.Misconfigured(problem=f"The configuration cannot be read: {error}", remedy="") from error
    configuration.check(CONF)
    limits.raise_descriptors()


def _named(args):
    """The configuration files that a command line names."""
    return [*(each.removeprefix("--config-file=") for each in args if each.startswith("--config-file=")),
            *(path for flag, path in zip(args, args[1:], strict=False) if flag == "--config-file")]


def worker_name(binary):
    """The name of this incarnation of a service: "host/binary/uuid"."""
    return f"{CONF.host}/{binary}/{uuid.uuid4()}"


def set_up_log(file=None):
    """Log to ``file``, or to standard error; libraries only from warnings on."""
    from oslo_log import log

    from nova_lite.common import log_file
    streams.secure()
    logging.raiseExceptions = False         # where the log cannot be written, there is nobody left to complain to
    if file:
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(file, 0o640)           # an earlier release let everybody read it
        CONF.set_override("log_file", os.path.basename(file))
        CONF.set_override("log_dir", os.path.dirname(file))
    log.set_defaults(default_log_levels=log.get_default_log_levels() + [
        "oslo_messaging=WARNING", "eventlet.wsgi=WARNING", "sqlalchemy=WARNING", "alembic=WARNING"])
    for name, value in (("log_rotation_type", "size"), ("max_logfile_size_mb", 100), ("max_logfile_count", 10)):
        CONF.set_default(name, value)
    log.setup(CONF, "nova_lite", __version__)
    log_file.bound(logging.getLogger(), CONF.log_line_length)
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
    """Notify the init system that we are ready; return at SIGTERM or SIGINT, or when the consumers of messages hang.

    :param liveness: a cmd.liveness.Liveness, which is started here.
    :returns: seconds that services may take to stop; the process ends a little later, whatever hangs.
    """
    _spare_the_collector()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    liveness.start()
    notify.send(notify.READY)
    while not _ends(stopping, liveness):
        pass
    logging.getLogger(__name__).info("Stopping")
    if stopping.is_set():               # one that starts itself anew is not stopping for the init system
        notify.send(notify.STOPPING)
    liveness.stop()
    return bound_the_end(CONF.operations.stop_timeout)


def _ends(stopping, liveness):
    """Wait a second; whether it is time to end.

    What ends the loop of green threads is thrown in here; it begins anew by itself.
    """
    try:
        return stopping.wait(1) or liveness.consumers_hang     # a bounded wait lets signal handlers run in either mode
    except BaseException:
        logging.getLogger(__name__).exception("The main loop goes on after an error")
        return False


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
