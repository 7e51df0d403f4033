"""One host's libvirtd hangs: the other host and the API go on at once, and what was given up does no harm later."""

import contextlib
import os
import shutil
import tempfile

import pytest

from tests import backends, clouds, hypervisor, tiny_guest
from tests.faults.real import clusters
from tests.live.test_hypervisor_faults import (
    TIMEOUT,
    last_action,
    quick,
    runs_at,
    settled,
    timed,
    upload,
    usual_time,
    warm_up,
)

SICK, WELL = "host1", "host2"
OPTIONS = """
[operations]
lease = 4
notify_again = 1
report_interval = 1
service_down_time = 20
[audit]
interval = 1
[image]
reserved_mb = 0
"""
LIBVIRT = """
[libvirt]
connection_uri = {uri}
virt_type = qemu
call_timeout = 2
start_timeout = 4
[compute]
shutdown_timeout = 1
"""


@pytest.fixture(scope="module")
def cluster(libvirtd, tmp_path_factory):
    """One host with real guests and one that only remembers its guests."""
    home = tempfile.mkdtemp(prefix="cluster-", dir=libvirtd.run_dir)
    os.chmod(home, 0o755)
    warm_up(libvirtd)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        bus = stack.enter_context(backends.rabbitmq(tmp_path_factory.mktemp("rabbitmq")))
        database = stack.enter_context(backends.postgresql(tmp_path_factory.mktemp("postgresql")))
        layout = clusters.Layout({"bus": bus, "database": database}, hosts=(SICK, WELL), conductors=1, options=OPTIONS,
                              driver="libvirt", more={SICK: LIBVIRT.format(uri=libvirtd.uri),
                                                      WELL: "[compute]\ndriver = fake\n"})
        made = clusters.Cluster(layout, home)
        stack.callback(made.close)
        made.start()
        upload(made, "tiny-guest", tiny_guest.disk(hypervisor.GREETING))
        yield made


@pytest.fixture
def cloud(cluster):
    """Named so that what it printed is shown when a test fails."""
    yield cluster
    cluster.clear()


def image(cloud):
    return cloud.get("/image/v2/images?name=tiny-guest").body["images"][0]["id"]


def on(cloud, host):
    """A server that is ACTIVE on a host."""
    enable(cloud, WELL if host == SICK else SICK, False)
    try:
        server_id = cloud.boot(networks="none", imageRef=image(cloud))["id"]
    finally:
        enable(cloud, WELL if host == SICK else SICK, True)
    assert cloud.host_of(server_id) == host
    return server_id


def enable(cloud, host, whether):
    services = cloud.get("/compute/v2.1/os-services?binary=nova-compute", user="admin", version="2.100")
    service = next(each for each in services.body["services"] if each["host"] == host)
    answer = cloud.request("PUT", f"/compute/v2.1/os-services/{service['id']}", user="admin", version="2.100",
                           body={"status": "enabled" if whether else "disabled"})
    assert answer.status == 200, answer.text


def disabled_reason(cloud, host):
    services = cloud.get(f"/compute/v2.1/os-services?binary=nova-compute&host={host}", user="admin", version="2.100")
    return services.body["services"][0]["disabled_reason"]


def test_a_hung_host_delays_only_its_own_operations(cloud, libvirtd):
    sick, well, usual = on(cloud, SICK), on(cloud, WELL), usual_time(cloud)

    def stop_and_start():
        for action, status in (("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")):
            assert quick(usual, cloud.act, well, action).status == 202
            cloud.wait_for(well, status)
    calm, _ = timed(stop_and_start)
    with hypervisor.hung(libvirtd):
        assert quick(usual, cloud.act, sick, "os-stop").status == 202
        assert timed(stop_and_start)[0] < 4 + calm
        clouds.until("nothing is sent there", lambda: disabled_reason(cloud, SICK), TIMEOUT)
        new = cloud.boot(networks="none", imageRef=image(cloud))["id"]
        assert cloud.host_of(new) == WELL
        assert settled(cloud, sick)["status"] == "ACTIVE"
        assert last_action(cloud, sick, "stop")["message"] == "Error"
    clouds.until("it takes servers again", lambda: disabled_reason(cloud, SICK) is None, TIMEOUT)
    clouds.until("the server shows what its guest is",
                 lambda: cloud.show(sick)["status"] == ("ACTIVE" if runs_at(libvirtd, sick) else "SHUTOFF"), TIMEOUT)


def test_a_guest_that_comes_up_after_its_server_was_built_elsewhere_is_removed(cloud, libvirtd):
    enable(cloud, WELL, False)
    definitions = libvirtd.home / "etc" / "qemu"
    before = set(definitions.glob("*.xml"))
    try:
        server_id = cloud.create(networks="none", imageRef=image(cloud)).body["server"]["id"]
        clouds.until("it is defined there", lambda: set(definitions.glob("*.xml")) - before, TIMEOUT)
        with hypervisor.hung(libvirtd):
            enable(cloud, WELL, True)
            cloud.wait_for(server_id, "ACTIVE")
            assert cloud.host_of(server_id) == WELL
    finally:
        enable(cloud, WELL, True)
    clouds.until("nothing is left of it", lambda: runs_at(libvirtd, server_id) is None, TIMEOUT)
    clouds.until("nor its files", lambda: not os.path.exists(
        os.path.join(clusters.host_dir(cloud, SICK), "instances", server_id)), TIMEOUT)
    assert cloud.show(server_id)["status"] == "ACTIVE"
    assert cloud.query("SELECT * FROM drifts WHERE subject = :id AND state = 'open'", id=server_id) == []
