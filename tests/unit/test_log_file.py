"""The log: it goes on in new files, which are few, also where several processes write it, and its lines are cut."""

import logging
import logging.handlers
import multiprocessing
import os
import stat

import pytest

from nova_lite.common import log_file
from nova_lite.common.log_file import Cut, RotatingFile


@pytest.fixture
def logger():
    """A logger that nobody else has."""
    made = logging.Logger("of a test")
    yield made
    for each in made.handlers:
        each.close()


def record(text, **more):
    return logging.makeLogRecord({"msg": text, "levelno": logging.INFO, "levelname": "INFO", **more})


def files(path):
    return sorted(each.name for each in path.parent.glob("x.log*") if not each.name.endswith(".lock"))


def test_the_handlers_that_oslo_made_are_bounded(logger, tmp_path):
    logger.addHandler(logging.handlers.RotatingFileHandler(tmp_path / "x.log", maxBytes=1000, backupCount=2))
    logger.addHandler(logging.StreamHandler())
    log_file.bound(logger, 50)
    log_file.bound(logger, 50)              # a second time changes nothing
    kinds = [type(each) for each in logger.handlers]
    assert sorted(each.__name__ for each in kinds) == ["RotatingFile", "StreamHandler"]
    for number in range(100):
        logger.error("%d %s", number, "x" * 5000)
    assert files(tmp_path / "x.log") == ["x.log", "x.log.1", "x.log.2"]
    assert all(os.path.getsize(tmp_path / name) < 1200 for name in files(tmp_path / "x.log"))
    assert all(len(line) < 100 for line in (tmp_path / "x.log").read_text().splitlines())
    assert stat.S_IMODE((tmp_path / "x.log").stat().st_mode) & 0o007 == 0


def test_a_long_line_keeps_its_beginning_and_its_end_and_says_how_much_is_missing():
    text = Cut(logging.Formatter(), 200).format(record("begin " + "x" * 10000 + " end"))
    assert text.startswith("begin ") and text.endswith(" end") and " characters ..." in text and len(text) < 250
    assert Cut(logging.Formatter(), 200).format(record("short")) == "short"


def test_a_traceback_keeps_its_lines():
    try:
        raise ValueError("x" * 100000)
    except ValueError as error:
        text = Cut(logging.Formatter(), 200).format(record("failed", exc_info=(ValueError, error, error.__traceback__)))
    assert "failed\nTraceback" in text and "ValueError: xxx" in text and len(text) < 1500


def _write(path, name, count):
    handler = RotatingFile(path, maxBytes=5000, backupCount=1000)
    for number in range(count):
        handler.emit(record(f"{name} {number}"))
    handler.close()


@pytest.mark.slow
def test_several_processes_lose_no_line_of_a_file_that_they_share(tmp_path):
    path = tmp_path / "x.log"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(path), name, 2000)) for name in "abc"]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
        assert each.exitcode == 0
    lines = [line for name in files(path) for line in (tmp_path / name).read_text().splitlines()]
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(2000))
    assert len(files(path)) > 3


def test_a_file_that_something_else_moved_is_made_anew(tmp_path):
    path = tmp_path / "x.log"
    handler = RotatingFile(str(path), maxBytes=5000, backupCount=2)
    handler.emit(record("one"))
    path.rename(tmp_path / "moved")
    handler.emit(record("two"))
    handler.close()
    assert path.read_text() == "two\n" and (tmp_path / "moved").read_text() == "one\n"
