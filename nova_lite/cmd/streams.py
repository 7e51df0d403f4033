"""The standard streams of a service: whatever becomes of their other ends, nothing that writes to them fails."""

import contextlib
import logging
import os
import sys
import threading

LOG = logging.getLogger(__name__)
_LONGEST = 8192         # characters of a line


def open_closed():
    """Put /dev/null where 0, 1 or 2 are closed: the next file to be opened, a database, would take that number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


def secure():
    """Let writes to standard output and error never raise, and log what ends a thread instead of printing it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Harmless | _ToLog):
            setattr(sys, name, _Harmless(stream))
    threading.excepthook = _thread_failed
    sys.unraisablehook = _could_not_raise


def give_up(path):
    """Let go of the terminal, or of the pipes, that this process was started with.

    :param path: the log, where what is written to standard output and error goes from now on.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, target in ((0, nothing), (1, log), (2, log)):
        os.dup2(target, number)
    os.close(nothing)
    os.close(log)
    sys.stdout = sys.stderr = _ToLog()


def _thread_failed(given):
    if given.exc_type is not SystemExit:
        LOG.error("A thread failed", exc_info=(given.exc_type, given.exc_value, given.exc_traceback))


def _could_not_raise(given):
    LOG.error("%s: %r", given.err_msg or "An error that could not be raised to a caller", given.object,
              exc_info=(given.exc_type, given.exc_value, given.exc_traceback))


class _Harmless:
    """A stream whose writes may be lost."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines):
        for each in lines:
            self.write(each)

    def flush(self):
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


class _ToLog:
    """A stream whose lines become lines of the log."""

    encoding, errors = "utf-8", "replace"
    closed = False

    def __init__(self):
        self._own = threading.local()

    def write(self, text):
        own = self._own
        if getattr(own, "writing", False):          # a handler of the log that prints
            return len(text)
        *lines, own.rest = (getattr(own, "rest", "") + text).split("\n")
        if len(own.rest) > _LONGEST:
            lines, own.rest = [*lines, own.rest], ""
        own.writing = True
        try:
            for each in lines:
                if each.strip():
                    LOG.warning("%s", each)
        finally:
            own.writing = False
        return len(text)

    def writelines(self, lines):
        for each in lines:
            self.write(each)

    def flush(self):
        """Whole lines are in the log already."""

    def isatty(self):
        return False

    def fileno(self):
        return 2
