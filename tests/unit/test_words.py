"""Words that this project does not use, in any name, docstring, comment, message or document, and names of one letter.

The field has a term for each of what they once meant here.  Someone who knows Nova, SQLAlchemy and libvirt reads the
code without a dictionary.  Where the field itself uses such a word, EXCEPTIONS names the file and the text.
"""

import ast
import fnmatch
import functools
import os
import re

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("bench", "doc", "etc", "nova_lite", "releasenotes", "tests", "tools")

#: Words, and what to write instead of them.
WORDS = {
    "door doors": "facade, service",
    "doorbell doorbells bell bells": "notification, message",
    "ring rings rang rung ringing": "notify, notified, notification",
    "room rooms": "capacity, space, resource, module",
    "tell tells told telling": "report, notify, show, disclose",
    "hear hears heard unheard hearing": "receive, received, pending",
    "ear ears": "listener, socket, reader",
    "mouth mouths": "writer",
    "deaf": "hung consumers, no answer",
    "eyes": "visible_project",
    "stranger strangers": "unplaced guest",
    "poison poisoned": "failed, unreadable",
    "jump jumps": "a stepped clock, adjust",
    "pledge pledges pledged": "open arguments",
    "patience patient patiently": "timeout, retry, blocking",
    "begun": "started, begin_operation",
    "taste tastes tasted": "tried",
    "court": "checker",
    "sight": "report, state",
    "judge judges judged judging": "check, validate, inspect, filter",
    "lateness": "delay",
    "tally tallies": "counts",
    "eat eats eaten": "write, read, use up",
    "furniture": "sample resources",
    "lane lanes": "lifeline, range of ports",
    "riddle riddles": "a plain statement",
}
INSTEAD = {word: instead for words, instead in WORDS.items() for word in words.split()}

#: (files, text): the field's own use of a word.
EXCEPTIONS = (
    ("*", "packed_ring"),                               # how virtio's queues lie in memory, a property of Nova's
    ("releasenotes/*", "packed rings"),
    ("*", "ring_again"),                                # the old name of [operations] notify_again, still read
    ("tests/unit/test_virt_xml.py", "token-ring"),      # a kind of network
    ("nova_lite/network/planes/linux/*", "jump"),       # nftables' statement
    ("tests/live/test_network_words.py", '"jump"'),
    ("tests/golden/port_rules.nft", "jump"),
    ("nova_lite/common/sandbox.py", "file.tell()"),     # Python's method
    ("doc/operations.rst", "A message is only a doorbell"),
)
#: Files whose text is drawn, somebody else's, or this list.
FOREIGN = ("*.svg", "*/_build/*", "doc/_static/*", "LICENSE", "tests/conformance/data/tempest.txt",
           "tests/unit/test_words.py")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")      # of HTTPServer, snake_case and CamelCase each its parts


def _paths():
    yield from (each for each in os.listdir(ROOT) if os.path.isfile(os.path.join(ROOT, each)) and each[0] != ".")
    for top in FOLDERS:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders[:] = [each for each in folders if each[0] != "." and each not in ("__pycache__", "build")]
            yield from (os.path.relpath(os.path.join(folder, each), ROOT) for each in names)


@functools.cache
def texts():
    """{path: text} of the project's files, but those that are not text."""
    found = {}
    for path in sorted(_paths()):
        if not any(fnmatch.fnmatch(path, each) for each in FOREIGN):
            with open(os.path.join(ROOT, path), "rb") as file:
                data = file.read()
            if b"\0" not in data:
                found[path] = data.decode()
    return found


def retired(path, text):
    """[(line, word)] of a file; line 0 is its path."""
    for files, exception in EXCEPTIONS:
        if fnmatch.fnmatch(path, files):
            text = text.replace(exception, "")
    lines = [path, *text.split("\n")]
    return [(number, word) for number, line in enumerate(lines) for word in _words(line) if word in INSTEAD]


def _words(line):
    return [each.lower() for each in _WORD.findall(line)]


def test_no_file_uses_a_retired_word():
    found = [f"{path}:{number}: {word!r}; write: {INSTEAD[word]}"
             for path, text in texts().items() for number, word in retired(path, text)]
    _none(found)


def _none(found):
    """Fail with the first twenty of what was found, and how many there are."""
    if found:
        pytest.fail("\n".join([*found[:20], f"{len(found)} in all"]), pytrace=False)


@pytest.mark.parametrize("line", [
    "the door", "_open_doors()", "class DoorKeeper:", "OPEN_DOORS = 1", '"doors"', "# Doors."])
def test_words_are_found_in_every_form_of_a_name(line):
    assert [word for _, word in retired("nova_lite/x.py", line)] in (["door"], ["doors"])


@pytest.mark.parametrize("line", ["string", "indoors", "mushroom", "appears", "year", "overheard", "packed_ring"])
def test_words_within_other_words_are_fine(line):
    assert retired("nova_lite/x.py", line) == []


def test_an_exception_holds_for_its_files_only():
    assert retired("nova_lite/network/planes/linux/nft.py", "jump") == []
    assert retired("nova_lite/network/agent.py", "jump") == [(1, "jump")]


def test_a_path_is_searched_too():
    assert retired("nova_lite/doors.py", "") == [(0, "doors")]


@pytest.mark.parametrize(("files", "text"), EXCEPTIONS)
def test_every_exception_is_needed(files, text):
    assert any(text in each for path, each in texts().items() if fnmatch.fnmatch(path, files))


# ---- names of one letter

_RENAMED = re.compile(r"\bas[\s\\]+_*[^\W_]_*\b")


def short_names(source):
    """[(line, name)] of what a module defines, or imports under a name of its own, by one letter."""
    found, module = [], ast.parse(source)
    for node in ast.walk(module) if _RENAMED.search(source) else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += [(node.lineno, each.asname) for each in node.names if each.asname]
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append((node.lineno, node.name))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [(node.lineno, each.id) for target in targets for each in ast.walk(target)
                      if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)]
    return [(line, name) for line, name in found if len(name.strip("_")) == 1]


@pytest.mark.slow
def test_no_module_has_names_of_one_letter():
    _none([f"{path}:{line}: {name}; write what it is" for path, text in texts().items() if path.endswith(".py")
           for line, name in short_names(text)])


@pytest.mark.parametrize("source", ["_V = 1", "_A, _B = 1, 2", "class T: pass", "def _c(): pass", "import x as y",
                                    "def fine():\n    from x import long as _l", "T: int = 1"])
def test_names_of_one_letter_are_found(source):
    assert short_names(source)


def test_local_variables_may_have_one_letter():
    assert short_names("def area(x, y):\n    z = x * y\n    return [i for i in z]") == []
