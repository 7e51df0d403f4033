"""The unmodified ``openstack`` client against a whole cloud with the fake driver, one story from beginning to end."""

import json
import os
import subprocess
import tempfile

import pytest

from tests import clouds
from tests.conformance import openstack_launcher
from tests.conformance.openstack_commands import NOT_YET, REFUSED, STORY


class Story:
    """A cloud, and what its visitor remembers.  :ivar known: {name: value} that commands may name."""

    def __init__(self, cloud, folder):
        self.cloud = cloud
        file = os.path.join(folder, "file")
        with open(file, "w") as made:
            made.write("#!/bin/sh\n")
        key = os.path.join(folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.known = {"folder": folder, "file": file, "public_key": key + ".pub"}

    def run(self, command):
        """(exit status, standard output, standard error) of the client.

        Its modules are loaded once, which takes a second, and a child for each command keeps what it caches apart.
        """
        who, _, rest = command.rpartition(": ")
        words = ["--os-cloud", f"nova-lite-{who}" if who else "nova-lite", *rest.format(**self.known).split()]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            child = os.fork()
            if not child:
                _become(words, out, err)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            for each in (out, err):
                each.seek(0)
            return status, out.read(), err.read()

    def answer(self, command):
        """What a command printed, parsed where it can be printed as JSON."""
        status, out, err = self.run(command + " -f json")
        if status == 2 and "unrecognized arguments: -f" in err:
            status, out, err = self.run(command)
        assert status == 0, f"openstack {command}\n{out}{err}"
        try:
            return json.loads(out)
        except ValueError:
            return out

    def _find(self, name):
        servers = self.cloud.get("/compute/v2.1/servers/detail").body["servers"]
        return next((each for each in servers if each["name"] == name), None)

    def settled(self, name, status):
        found = self.cloud.wait_for(self._find(name)["id"], status)
        actions = self.cloud.get(f"/compute/v2.1/servers/{found['id']}/os-instance-actions").body["instanceActions"]
        self.known["create_request"] = actions[-1]["request_id"]
        return found

    def until_gone(self, name):
        clouds.until(f"server {name} is gone", lambda: self._find(name) is None)


def _become(words, out, err):
    """Be the client from here to the end of this process."""
    status = 70
    try:
        status = openstack_launcher.command(words, [0, out.fileno(), err.fileno()])
    finally:
        os._exit(status or 0)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    openstack_launcher.load()
    folder = tmp_path_factory.mktemp("cloud")
    cloud = clouds.Cloud(clouds.Single(), folder)
    with pytest.MonkeyPatch.context() as patch:
        try:
            cloud.start()
            patch.setenv("OS_CLIENT_CONFIG_FILE", os.path.join(cloud.state_dir, "clouds.yaml"))
            yield Story(cloud, str(tmp_path_factory.mktemp("visitor")))
        finally:
            cloud.stop()


@pytest.mark.parametrize(("command", "check"), STORY, ids=[f"{number:03}-{command}" for number, (command, _) in
                                                           enumerate(STORY)])
def test_a_command_of_the_story_has_its_effect(story, command, check):
    check(story.answer(command), story)


@pytest.fixture(scope="module")
def subject(story):
    """The server that commands in REFUSED and NOT_YET are tried on."""
    story.known["vm1"] = story.cloud.boot(name="vm1")["id"]


@pytest.mark.parametrize("command", REFUSED)
def test_an_impossible_command_is_refused_as_nova_does(story, subject, command):
    status, out, err = story.run(command)
    assert status != 0 and REFUSED[command] in err, out + err
    assert story.settled("vm1", "ACTIVE")


@pytest.mark.parametrize("command", NOT_YET)
def test_a_command_that_is_not_supported_yet_is_refused_without_effect(story, subject, command):
    status, out, err = story.run(command)
    assert status != 0, f"it works: take {command!r} out of NOT_YET and into STORY\n{out}"
    assert story.settled("vm1", "ACTIVE")
