"""The one place that runs qemu-img and other tools on files that users gave: bounded, timed, formats always said.

A tool gets no environment, no input, its own process group, and limits on CPU, memory, file size and time.  Nothing
here blocks the process: green threads wait by eventlet's subprocess, native ones by their own.
"""

import contextlib
import dataclasses
import os
import signal
import subprocess
import tempfile

from nova_lite.common import exceptions
from nova_lite.conf import CONF

FORMATS = ("raw", "qcow2")
_OUTPUT = 1 << 20           # bytes of a tool's answer that are read
_LONGER = 20              # how much longer than a look a conversion may take


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one tool may use.  ``file_size`` None: files as large as it likes."""

    cpu_seconds: int
    memory: int                     # bytes of address space
    seconds: float                  # wall clock
    file_size: int | None = None    # bytes of any file it writes


def working(file_size=None):
    """Limits of a tool that makes or copies a disk."""
    return Limits(CONF.sandbox.cpu_seconds * _LONGER, CONF.sandbox.memory_mb << 20,
                  CONF.sandbox.seconds * _LONGER, file_size)


def run(command, limits, *, umask=-1):
    """Run ``command`` (a list; nothing is given to a shell) and return what it printed, as bytes.

    :param umask: of the files it makes; -1: ours.
    :raises ToolLimited: a limit ended it.
    :raises ToolFailed: it could not start, or its exit status is not 0.
    """
    tool = os.path.basename(command[0])
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            child = subprocess.Popen(
                [*_prlimit(limits), *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}, start_new_session=True,
                umask=umask)
        except OSError as error:
            raise exceptions.ToolFailed(tool=tool, code=error.errno, error=str(error)) from None
        code = _wait(child, tool, limits.seconds)
        if code:
            _complain(tool, code, _tail(err))
        out.seek(0)
        return out.read(_OUTPUT)


def _prlimit(limits):
    """prlimit(1) sets the limits and becomes the tool: with threads, no Python may run between fork and exec."""
    words = ["prlimit", f"--cpu={limits.cpu_seconds}", f"--as={limits.memory}", "--core=0", "--nofile=256"]
    if limits.file_size is not None:
        words.append(f"--fsize={max(limits.file_size, _OUTPUT)}")
    return [*words, "--"]


def _wait(child, tool, seconds):
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        raise exceptions.ToolLimited(tool=tool, what="time") from None
    finally:
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _complain(tool, code, error):
    limited = {-signal.SIGXCPU: "CPU time", -signal.SIGKILL: "CPU time", -signal.SIGXFSZ: "disk space"}.get(code)
    if limited:
        raise exceptions.ToolLimited(tool=tool, what=limited)
    raise exceptions.ToolFailed(tool=tool, code=code, error=error)


def _tail(file, size=2000):
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - size))
    return file.read(size).decode(errors="replace").strip()


# ---- qemu-img: the format is an argument of every call, so that none can be left to guessing

def create(path, disk_format, size, *, backing=None):
    """Make a disk of ``size`` bytes at ``path``.

    :param backing: (path, format) of the read-only file it starts as, or None for an empty disk.
    """
    command = ["qemu-img", "create", "-q", "-f", _known(disk_format)]
    if backing:
        command += ["-b", os.path.abspath(backing[0]), "-F", _known(backing[1])]
    run([*command, os.path.abspath(path), str(size)], working())


def resize(path, disk_format, size):
    """Grow a disk to ``size`` bytes."""
    run(["qemu-img", "resize", "-q", "-f", _known(disk_format), os.path.abspath(path), str(size)], working())


def convert(source, source_format, target, target_format):
    """Copy a disk into a new file of another format, without its backing chain; nobody else can read it."""
    run(["qemu-img", "convert", "-q", "-f", _known(source_format), "-O", _known(target_format), "-t", "none",
         "-T", "none", os.path.abspath(source), os.path.abspath(target)], working(), umask=0o077)


def _known(disk_format):
    if disk_format not in FORMATS:
        raise ValueError(f"disk format {disk_format!r} is not one of {FORMATS}")
    return disk_format
