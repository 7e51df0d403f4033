"""Other people's tests, of packages in an environment of their own, run by stestr; and what came of each."""

import dataclasses
import json
import os
import subprocess

_HERE = os.path.dirname(os.path.abspath(__file__))
#: Where tools/test.sh has put Tempest and the clients with their tests.
ENVIRONMENT = "NOVA_LITE_TEST_TEMPEST"


@dataclasses.dataclass
class Outcome:
    """What came of one test.  ``status`` is "success", "fail", "skip" or "lost" (it never ran)."""

    status: str
    seconds: float | None = None
    text: str = ""


class Runs:
    """Runs of tests of one package, with files in ``folder``, which is their working directory, too.

    :param package: its name; of another's tests, too, if they are found from it, as those of Tempest's plugins.
    :param below: the folder within it, where tests are looked for.  :param environment: what the tests have besides.
    :param minutes: that a run may take.
    :ivar python: their interpreter.  :ivar programs: a folder whose programs go before all others; None: none.
    """

    def __init__(self, package, below, folder, environment, minutes=15):
        place = os.environ.get(ENVIRONMENT)
        assert place, f"{ENVIRONMENT} names no virtual environment of Tempest: run tools/test.sh"
        self._bin = os.path.join(place, "bin")
        self.python = os.path.join(self._bin, "python")
        self.folder = str(folder)
        self._environment = environment
        self._minutes = minutes
        self.programs = None
        found = subprocess.run([self.python, "-c", f"import {package}; print({package}.__path__[0])"],
                               capture_output=True, text=True, check=True).stdout.strip()
        self._write(".stestr.conf", f"[DEFAULT]\ntest_path={os.path.join(found, below)}\n"
                                    f"top_dir={os.path.dirname(found)}\ngroup_regex=([^\\.]*\\.)*\n")
        self._finished("init").check_returncode()

    def known(self):
        """All tests that there are, in the order of their names."""
        return sorted(self._stestr("list").decode().split())

    def run(self, tests, workers):
        """{test: Outcome} of every one of ``tests``, a class at a time in each of so many processes."""
        assert tests, "no test is asked for"
        self._write("tests.txt", "\n".join(tests))
        stream = self._stestr("run", "--load-list", "tests.txt", "--concurrency", str(workers), "--subunit")
        finished = subprocess.run([self.python, os.path.join(_HERE, "tempest_results.py")],
                                  input=stream, capture_output=True, check=True).stdout
        return _outcomes(tests, [json.loads(line) for line in finished.splitlines()])

    def _stestr(self, *words):
        """Its standard output.  A status other than 0 only says that tests failed: each has its own outcome."""
        done = self._finished(*words)
        assert done.stdout, done.stderr.decode()
        return done.stdout

    def _finished(self, *words):
        path = [*filter(None, [self.programs]), self._bin, os.environ["PATH"]]
        return subprocess.run(
            [self.python, "-m", "stestr.cli", *words], cwd=self.folder, capture_output=True, check=False,
            timeout=self._minutes * 60, env={**os.environ, "PATH": ":".join(path), **self._environment})

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)


def _outcomes(tests, lines):
    """One Outcome a test.  What fails or is skipped for a whole class is reported as "setUpClass (module.Class)"."""
    found = {each["test"]: Outcome(each["status"], each["seconds"], each["text"]) for each in lines}
    return {test: found.get(test) or found.get(_set_up_of(test)) or Outcome("lost") for test in tests}


def _set_up_of(test):
    return f"setUpClass ({name_of(test).rpartition('.')[0]})"


def name_of(test):
    """Without its tags: "tempest.api.compute.test_versions.TestVersions.test_list_api_versions"."""
    return test.partition("[")[0]


def lines_of(path):
    """A file's tests, one a line."""
    with open(path) as file:
        return file.read().split()


def reasons_of(path):
    """{name: reason} of a table with a head and lines of name, tab and reason."""
    with open(path) as file:
        rows = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    return dict(rows[1:])


def reason_of(test, reasons):
    """Why a test cannot pass: the reason of its own, or else of its class or module; None: it must pass."""
    name = name_of(test)
    while name:
        if name in reasons:
            return reasons[name]
        name = name.rpartition(".")[0]
    return None
