"""Files that are replaced as a whole: what a reader finds, and what a failure or a dead process leaves."""

import multiprocessing
import os
import threading

import pytest

from nova_lite.common import atomic_file

LONG = 200_000


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "file")


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("durable", [False, True])
def test_a_written_file_has_its_content_and_mode_alone(path, durable):
    before = os.umask(0o077)
    try:
        atomic_file.write(path, "äb", mode=0o640, durable=durable)
    finally:
        os.umask(before)
    assert read(path) == "äb".encode()
    assert os.stat(path).st_mode & 0o777 == 0o640
    assert os.listdir(os.path.dirname(path)) == ["file"]


def test_a_file_is_as_it_was_where_a_write_fails(path, monkeypatch):
    atomic_file.write(path, b"before")

    def fail(_descriptor):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        atomic_file.write(path, b"after", durable=True)
    with pytest.raises(OSError, match="no space"):
        atomic_file.create(path + "2", b"after")
    assert read(path) == b"before"
    assert os.listdir(os.path.dirname(path)) == ["file"]


def test_a_draft_left_by_a_dead_process_is_overwritten(path):
    with open(path + ".new", "wb") as draft:
        draft.write(b"x" * LONG)
    atomic_file.write(path, b"short")
    assert read(path) == b"short"
    with open(path + "2.new", "wb") as draft:
        draft.write(b"x" * LONG)
    assert atomic_file.create(path + "2", b"short")
    assert read(path + "2") == b"short"


def test_readers_find_whole_files_while_several_write(path):
    atomic_file.write(path, b"0" * LONG)

    def write(letter):
        for _ in range(50):
            atomic_file.write(path, letter * LONG)

    writers = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        found = read(path)
        assert len(found) == LONG and len(set(found)) == 1
    for each in writers:
        each.join()
    assert os.listdir(os.path.dirname(path)) == ["file"]


def test_one_of_several_processes_creates_a_file(path):
    context = multiprocessing.get_context("fork")
    start, won = context.Event(), context.Queue()

    def create(number):
        start.wait()
        won.put((atomic_file.create(path, str(number)), number))

    makers = [context.Process(target=create, args=(number,)) for number in range(8)]
    for each in makers:
        each.start()
    start.set()
    winners = [number for created, number in (won.get(timeout=120) for _ in makers) if created]
    for each in makers:
        each.join()
    assert [read(path)] == [str(number).encode() for number in winners]
    assert os.listdir(os.path.dirname(path)) == ["file"]


def test_a_draft_that_a_program_fills_replaces_the_file_only_where_it_ends_well(path):
    with atomic_file.replacing(path) as draft, atomic_file.open_draft(draft) as file:
        file.write(b"made")
    with pytest.raises(ValueError), atomic_file.replacing(path) as draft, open(draft, "wb") as file:
        file.write(b"half")
        raise ValueError
    assert read(path) == b"made"


def test_a_symbolic_link_in_the_place_of_a_draft_is_not_followed(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.symlink(victim, f"{path}.new")
    for write in (atomic_file.write, atomic_file.create):
        with pytest.raises(OSError):
            write(path, b"x")
    with pytest.raises(OSError), atomic_file.replacing(path) as draft:
        atomic_file.open_draft(draft)
    assert victim.read_text() == "precious"
