"""Live tests run real guests on a libvirtd of their own, with real bridges; they need root."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import openstack
import pytest

from tests import clouds, ports_and_ranges, sampled
from tests.hypervisor import libvirtd, state_dir, tiny_image  # noqa: F401 - fixtures
from tests.live import databases

#: Of several workers none shall be left alone with one of these at the end.
LONGEST = ("test_scenarios", "test_real_life", "test_real_server", "test_driver_libvirt", "test_real_actions",
           "test_rpc_rabbit", "test_real_interfaces", "test_image_databases", "test_audit_real", "test_guest_image",
           "test_hypervisor_faults", "test_network_recovery", "test_network_words", "test_network_host",
           "test_network_isolation", "test_hung_host", "test_consoles", "test_hung_libvirtd")

DATABASES = ("postgresql", "mariadb")
#: Small leases, so that what was killed goes on soon.
OPTIONS = """
[libvirt]
connection_uri = {uri}
[operations]
lease = 5
notify_again = 2
[vnc]
novnc_dir = {novnc}
"""


@pytest.fixture(scope="session")
def new_database(tmp_path_factory):
    """``new_database(kind)`` is the URL of an empty database; ``kind`` is sqlite, postgresql or mariadb."""
    with contextlib.ExitStack() as stack:
        yield databases.Databases(tmp_path_factory.mktemp, stack).new


@pytest.fixture(scope="session")
def guest_image():
    """Path of the guest image that tools/guest/build.sh made; tools/test.sh names it."""
    path = os.environ.get("NOVA_LITE_TEST_IMAGE")
    if not path or not os.path.exists(path):
        pytest.fail("NOVA_LITE_TEST_IMAGE names no file: run tools/test.sh live, which builds the guest image")
    return path


def novnc():
    """The folder of noVNC, "" for the usual places; tools/test.sh names it."""
    return os.environ.get("NOVA_LITE_TEST_NOVNC", "")


def options(libvirtd):  # noqa: F811
    """The configuration of ``real_cloud``."""
    return OPTIONS.format(uri=libvirtd.uri, novnc=novnc())


@pytest.fixture(scope="session")
def real_cloud(libvirtd, guest_image):  # noqa: F811
    """``nova-lite up`` on real libvirt, with the guest image registered as "guest"."""
    home = tempfile.mkdtemp(prefix="cloud-", dir=libvirtd.run_dir)
    os.chmod(home, 0o755)
    cloud = clouds.Cloud(clouds.Single("libvirt", options(libvirtd)), home)
    try:
        cloud.start()
        with connect(cloud, "nova-lite-admin") as admin:
            admin.create_image("guest", filename=guest_image, disk_format="qcow2", container_format="bare",
                               visibility="public", wait=True)
        let_in(cloud)
        yield cloud
    finally:
        cloud.remove()
        shutil.rmtree(home)


def let_in(cloud):
    """Rules of the first project's default group by which its host pings guests and logs in to them."""
    with connect(cloud) as first:
        group, = first.network.security_groups(name="default")
        for values in ({"protocol": "icmp"}, {"protocol": "tcp", "port_range_min": 22, "port_range_max": 22}):
            first.network.create_security_group_rule(security_group_id=group.id, direction="ingress",
                                                     ethertype="IPv4", **values)


@pytest.fixture
def cloud(real_cloud):
    """The real cloud; what it printed is shown when a test fails."""
    yield real_cloud
    for server in real_cloud.get("/compute/v2.1/servers").body["servers"]:
        real_cloud.delete_server(server["id"])


@contextlib.contextmanager
def connect(cloud, name="nova-lite"):
    """An openstacksdk connection by the clouds.yaml that the cloud wrote."""
    from openstack.config import OpenStackConfig
    config = OpenStackConfig(config_files=[os.path.join(cloud.state_dir, "clouds.yaml")])
    connection = openstack.connection.Connection(config=config.get_one(name))
    try:
        yield connection
    finally:
        connection.close()


def pytest_collection_modifyitems(config, items):
    """The longest files first.

    Of tests that SQLite has passed before, a run with a seed takes one other database a day; of those that the fake
    driver has, it takes half.
    """
    ports_and_ranges.put_first(items, Path(__file__).parent, LONGEST)
    today = sampled.one_of(DATABASES)
    parts = {True: [], False: []}
    for item in items:
        database = _database(item)
        wanted = database in today if database else sampled.takes(item.name, 2)
        parts[wanted or not _is_imported(item)].append(item)
    items[:] = parts[True]
    config.hook.pytest_deselected(items=parts[False])


def _is_imported(item):
    """Whether a test of a file here was written for another file."""
    return item.path.parent == Path(__file__).parent and item.function.__module__ != item.module.__name__


def _database(item):
    """The kind of database that a test is parametrized with; None: it is not."""
    values = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((each for each in values if each in DATABASES), None)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    cloud = item.funcargs.get("cloud") or item.funcargs.get("real_cloud")
    if report.failed and cloud is not None:
        report.sections.append(("cloud", cloud.output()))
        report.sections.extend(consoles(cloud))


def consoles(cloud):
    """(title, end of what each guest printed)"""
    for log in Path(cloud.state_dir, "instances").glob("*/console.log"):
        with contextlib.suppress(FileNotFoundError):
            yield f"console of {log.parent.name}", log.read_text(errors="replace")[-3000:]
