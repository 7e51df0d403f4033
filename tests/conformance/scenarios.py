"""Tempest's scenarios, which log in to servers by ssh, against a cloud with real guests: configuration and lists."""

import os

from tests.conformance import stestr_runs, tempest_configuration

_HERE = os.path.dirname(os.path.abspath(__file__))
#: All there are, one a line as Tempest names them: module, class, name and, in brackets, its tags.
LISTED = os.path.join(_HERE, "data", "tempest_scenario.txt")
NOT_PASSED = os.path.join(_HERE, "scenario_not_passed.tsv")
#: Of all their names.
PREFIX = "tempest.scenario."
#: The networks of tests' own, each behind a router of its own.
_NETWORKS = {"project_network_cidr": "10.230.0.0/16", "project_network_v6_cidr": "fd23:5e9a:40d1::/48"}
#: The guest's /tmp is in its memory, and no snapshot has it.
_GUEST = {"dhcp_client": "udhcpc", "target_dir": "/home/nova"}
_VALIDATION = {"run_validation": "true", "connect_method": "floating", "image_ssh_user": "nova", "ssh_key_type": "rsa"}
_MINUTES = 90


class Scenarios:
    """Tempest, with its files in ``folder``, against ``cloud``, which has a public image "guest"."""

    def __init__(self, folder, cloud):
        self._folder = str(folder)
        self._cloud = cloud
        self._runs = stestr_runs.Runs("tempest", "test_discover", folder, {"TEMPEST_CONFIG_DIR": self._folder},
                                      _MINUTES)

    def configure(self):
        """Write tempest.conf."""
        image = self._one("/image/v2/images?name=guest", "images")
        public = self._one("/network/v2.0/networks?router:external=true", "networks")
        host, = self._cloud.get("/compute/v2.1/os-services?binary=nova-compute", user="admin").body["services"]
        compute = {"image_ref": image, "image_ref_alt": image, "migration_source_host": host["host"]}
        tempest_configuration.write(
            self._folder, self._cloud, compute=compute, network={"public_network_id": public, **_NETWORKS},
            validation=_VALIDATION, scenario=_GUEST)

    def known(self):
        """All scenarios that Tempest has, in the order of their names."""
        return [each for each in self._runs.known() if each.startswith(PREFIX)]

    def run(self, tests, workers):
        """As ``stestr_runs.Runs.run``."""
        return self._runs.run(tests, workers)

    def _one(self, path, kind):
        found, = self._cloud.get(path, user="admin").body[kind]
        return found["id"]


def listed():
    return stestr_runs.lines_of(LISTED)


def not_passed():
    """{name of a test, class or module: why it cannot pass}"""
    return stestr_runs.reasons_of(NOT_PASSED)
