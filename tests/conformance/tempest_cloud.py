"""Tempest against a cloud with the fake driver: its configuration, and which of its tests are run."""

import os

from tests import clouds
from tests.conformance import stestr_runs, tempest_configuration

_HERE = os.path.dirname(os.path.abspath(__file__))
#: Tests that must pass, one a line as Tempest names them: module, class, name and, in brackets, its tags.  Not among
#: them is test_delete_saving_image, which Tempest skips when it does not happen to look while an image is saved.
LISTED = os.path.join(_HERE, "data", "tempest.txt")
NOT_PASSED = os.path.join(_HERE, "tempest_not_passed.tsv")
#: The network that every project sees.
_SHARED = "shared"

#: Tempest makes hundreds of users and logs them in: bcrypt at its full price would be most of the run.  And some of its
#: tests come in between, as a second snapshot while the first one is made, for which no operation may be too quick.
_OPTIONS = "[identity]\npassword_hash_rounds = 4\n[fake]\ndelay = 0.2\n"
#: A class of the tests of networks keeps what it makes to its end: its quotas are those of Neutron's own runs of them.
#: The external network is Tempest's own, so that afterwards there is no router at all.
_OPTIONS += "[network]\nexternal_ranges =\nquota_router = 100\nquota_floatingip = 500\n" \
            "quota_security_group = 150\nquota_security_group_rule = 1000\n"

#: The cloud answers at once, and no test logs in to a server.
_WAITING = {"build_interval": "0", "build_timeout": "60"}
_ONLY_THE_API = {"image": _WAITING, "validation": {"run_validation": "false"},
                 "neutron_plugin_options": {"max_mtu": "9216", "create_shared_resources": "true"}}


class Tempest:
    """Tempest, with its files in ``folder``, against ``cloud``."""

    def __init__(self, folder, cloud):
        self._folder = str(folder)
        self._cloud = cloud
        self._runs = stestr_runs.Runs("tempest", "test_discover", folder, {"TEMPEST_CONFIG_DIR": self._folder})

    def configure(self):
        """Write tempest.conf, and make what it names: two images, one of them with the guest's agent, and two networks.

        Every project of Tempest has a network and a router of its own; that which all share is for few tests.
        """
        self._network(_SHARED, "10.77.0.0/16", shared=True)
        self._cloud.post("/network/v2.0/subnetpools", {"subnetpool": {
            "name": "default", "prefixes": ["10.160.0.0/12"], "default_prefixlen": 26, "is_default": True,
            "shared": True}}, user="admin")
        compute = {"image_ref": self._image("first", hw_qemu_guest_agent="yes"),
                   "image_ref_alt": self._image("other"), "fixed_network_name": _SHARED}
        public = self._network("public", "172.24.4.0/24", **{"router:external": True})
        tempest_configuration.write(self._folder, self._cloud, compute=compute | _WAITING,
                                    network={"public_network_id": public} | _WAITING, **_ONLY_THE_API)

    def run(self, tests, workers):
        """As ``stestr_runs.Runs.run``."""
        return self._runs.run(tests, workers)

    def _image(self, name, **properties):
        """The id of a new image that every project sees."""
        answer = self._cloud.post("/image/v2/images", {"name": name, "disk_format": "raw", "container_format": "bare",
                                                       "visibility": "public", **properties}, user="admin")
        assert answer.status == 201, answer.text
        path = f"/image/v2/images/{answer.body['id']}/file"
        sent = self._cloud.request("PUT", path, user="admin", data=bytes(1 << 20),
                                   headers={"Content-Type": "application/octet-stream"})
        assert sent.status == 204, sent.text
        return answer.body["id"]

    def _network(self, name, cidr, **attributes):
        """The id of a new network with a subnet."""
        made = self._cloud.post("/network/v2.0/networks", {"network": {"name": name, **attributes}}, user="admin")
        assert made.status == 201, made.text
        network = made.body["network"]["id"]
        subnet = self._cloud.post("/network/v2.0/subnets", {"subnet": {
            "network_id": network, "ip_version": 4, "cidr": cidr}}, user="admin")
        assert subnet.status == 201, subnet.text
        return network


def start(folder):
    """A cloud for Tempest; the caller stops it."""
    concurrency = os.environ.get("NOVA_LITE_TEST_CONCURRENCY", "eventlet")
    return clouds.Cloud(clouds.Single(options=_OPTIONS), folder, concurrency).start()


def listed():
    return stestr_runs.lines_of(LISTED)


def not_passed():
    """{name: reason} of the tests that are known not to pass."""
    return stestr_runs.reasons_of(NOT_PASSED)
