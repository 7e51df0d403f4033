"""The log's bounds: files that go on in new ones, and lines that are cut.

Several processes may write to one file (workers of an API do): who finds it full locks it and looks again before
renaming, and everyone follows the name and not the file.
"""

import fcntl
import logging
import logging.handlers
import os

from nova_lite.common.brief import brief

#: Characters of one record with its traceback.
_LONGEST_RECORD = 65536


def bound(logger, longest_line):
    """Give each handler of ``logger`` these bounds.

    :param longest_line: characters of a line that are kept.
    """
    for handler in list(logger.handlers):
        if type(handler) is logging.handlers.RotatingFileHandler:
            logger.removeHandler(handler)
            handler.close()
            logger.addHandler(_replaced(handler))
    for handler in logger.handlers:
        if not isinstance(handler.formatter, Cut):
            handler.setFormatter(Cut(handler.formatter or logging.Formatter(), longest_line))


def _replaced(handler):
    made = RotatingFile(handler.baseFilename, maxBytes=handler.maxBytes, backupCount=handler.backupCount,
                        encoding=handler.encoding)
    made.setFormatter(handler.formatter)
    made.setLevel(handler.level)
    for each in handler.filters:
        made.addFilter(each)
    return made


class Cut(logging.Formatter):
    """Another formatter's text with long lines, and long records, in short."""

    def __init__(self, inner, longest_line):
        super().__init__()
        self._inner = inner
        self._longest = longest_line

    def format(self, record):
        text = self._inner.format(record)
        if len(text) <= self._longest:
            return text
        return brief("\n".join(brief(line, self._longest) for line in text.split("\n")), _LONGEST_RECORD)


class RotatingFile(logging.handlers.RotatingFileHandler):
    """A RotatingFileHandler whose file other processes write and rename, too."""

    _size = 0           # of the file, when it was last looked at

    def _open(self):
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors,
                    opener=lambda path, flags: os.open(path, flags, 0o640))

    def emit(self, record):
        try:
            self._follow()
        except OSError:
            self.handleError(record)
            return
        super().emit(record)

    def _follow(self):
        """Open the file that has the name now, where another process renamed ours."""
        if self.stream is None:
            return
        mine = os.fstat(self.stream.fileno())
        try:
            named = os.stat(self.baseFilename)
        except FileNotFoundError:
            named = None
        if named is None or (mine.st_dev, mine.st_ino) != (named.st_dev, named.st_ino):
            self.stream.close()
            self.stream = self._open()
            mine = os.fstat(self.stream.fileno())
        self._size = mine.st_size

    def shouldRollover(self, _record):
        """By the size that the file has; the base would format each record once more to know its own."""
        return self.stream is not None and 0 < self.maxBytes <= self._size

    def doRollover(self):
        """Rename as the base does, unless another process did it while we waited for the lock."""
        full = os.fstat(self.stream.fileno()).st_ino
        with open(self.baseFilename + ".lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                unchanged = os.stat(self.baseFilename).st_ino == full
            except FileNotFoundError:
                unchanged = False
            if unchanged:
                super().doRollover()
            else:
                self._follow()
