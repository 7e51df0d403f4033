"""The functional tests of networks that ship with openstackclient and openstacksdk, against clouds of the fake driver.

Both packages have theirs in what pip installs.  Each suite has the list of all its tests (``data/NAME_network.txt``);
``functional_not_passed.tsv`` names those that cannot pass, or whole classes and modules of them, and why.
"""

import dataclasses
import os
import re
import subprocess

from tests import clouds
from tests.conformance import stestr_runs

_HERE = os.path.dirname(os.path.abspath(__file__))
NOT_PASSED = os.path.join(_HERE, "functional_not_passed.tsv")
_BELOW = os.path.join("tests", "functional", "network", "v2")
#: The tests' names of clouds, and ours.  The other ordinary user is asked for, and does nothing in tests of networks.
_CLOUDS = {"devstack": "nova-lite", "devstack-alt": "nova-lite", "devstack-admin": "nova-lite-admin",
           "devstack-system-admin": "nova-lite-system"}
#: Each test logs in anew, some for every command.
_OPTIONS = "[identity]\npassword_hash_rounds = 4\n"


@dataclasses.dataclass(frozen=True, eq=False)
class Suite:
    """:ivar title: the project's name.  :ivar package: which has it.

    :ivar parts: of so many runs that follow each other one takes each test.
    :ivar environment: what its tests are configured by.
    """

    title: str
    package: str
    parts: int
    environment: dict

    @property
    def path(self):
        """Of the list of its tests."""
        return os.path.join(_HERE, "data", f"{self.package}_network.txt")

    @property
    def prefix(self):
        """Of all its tests' names."""
        return f"{self.package}.tests.functional.network.v2."

    def listed(self):
        return stestr_runs.lines_of(self.path)

    def runs(self, cloud, folder):
        """Runs of it, in whose folder the clients find ``cloud`` by the names that the tests have."""
        with open(os.path.join(cloud.state_dir, "clouds.yaml")) as file:
            entries = dict(re.findall(r"^  ([\w-]+):\n((?:    .*\n)+)", file.read(), re.MULTILINE))
        with open(os.path.join(folder, "clouds.yaml"), "w") as file:
            file.write("clouds:\n" + "".join(f"  {name}:\n{entries[ours]}" for name, ours in _CLOUDS.items()))
        return stestr_runs.Runs(self.package, _BELOW, folder, self.environment)


OPENSTACKCLIENT = Suite("openstackclient", "openstackclient", 4, {"OS_ADMIN_CLOUD": "devstack-admin"})
OPENSTACKSDK = Suite("openstacksdk", "openstack", 2, {
    "OS_CLOUD": "devstack-admin", "OPENSTACKSDK_IMAGE": "tiny", "OPENSTACKSDK_FLAVOR": "m1.nano",
    "OS_TEST_TIMEOUT": "300"})
SUITES = (OPENSTACKCLIENT, OPENSTACKSDK)
#: Tests that did not pass when they first ran, and do now: every run takes them.
ONCE_BROKEN = ()


def not_passed():
    """{name of a test, class or module: why it cannot pass}"""
    return stestr_runs.reasons_of(NOT_PASSED)


def start(folder):
    """A cloud for a suite; the caller stops it."""
    concurrency = os.environ.get("NOVA_LITE_TEST_CONCURRENCY", "eventlet")
    return clouds.Cloud(clouds.Single(options=_OPTIONS), folder, concurrency).start()


class Launcher:
    """A program ``openstack`` in ``folder`` (openstack_launcher.py); a context manager.

    :param runs: those of a suite: its interpreter runs the client, in its folder.
    """

    def __init__(self, runs, folder):
        self._runs = runs
        self._folder = str(folder)
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(
            [self._runs.python, os.path.join(_HERE, "openstack_launcher.py"), self._folder], cwd=self._runs.folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == "ready\n"
        return self._folder

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(clouds.TIMEOUT)
