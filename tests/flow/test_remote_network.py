"""The flows of servers in a cloud whose ports are a remote network service's, over HTTP and with ids of its own.

They are those of the embedded service, imported: the cloud that they are given is another one.
"""

import contextlib
import threading
import time

import pytest
import requests

from tests import clouds, remote_network_backend
from tests.flow.conftest import CONCURRENCY
from tests.flow.test_idempotency_kill import API
from tests.flow.test_kill import (  # noqa: F401
    SLOW,
    test_a_delete_overtakes_a_create,
    test_operations_end_though_their_processes_are_killed,
)
from tests.flow.test_server_life import (  # noqa: F401
    test_a_created_server_becomes_active_with_an_address,
    test_a_delete_frees_port_address_quota_and_allocations,
    test_a_flavor_that_no_host_can_hold_ends_in_error_with_the_reason,
    test_a_reboot_ends_where_it_began,
    test_servers_created_by_one_request_are_numbered,
    test_stop_and_start_follow_each_other,
)
from tests.flow.test_shelve import (  # noqa: F401
    test_a_shelved_server_is_deleted_with_its_copy,
    test_a_shelved_server_leaves_its_host_and_comes_back,
)
from tests.remote_network_service import NetworkService
from tests.remote_services import Server


@pytest.fixture(scope="module")
def service():
    with Server(NetworkService()) as made:
        yield made


class RemoteCloud(clouds.Cloud):
    """:ivar service: the Server whose ports it uses."""

    def wait_gone(self, server_id):
        """As a cloud does; then what was its server's is gone at the service as well, in time."""
        super().wait_gone(server_id)
        clouds.until(f"the ports of server {server_id} are gone", lambda: not self.ports_of(server_id))

    def ports_of(self, server_id):
        return [each for each in self.service.service.of_kind("ports") if each["device_id"] == server_id]


@pytest.fixture(scope="module")
def remote_cloud(layout, service, tmp_path_factory):
    """A cloud to be killed, whose network service is ``service``."""
    environment = remote_network_backend.environment(tmp_path_factory.mktemp("package"), service.url)
    made = RemoteCloud(layout(options=SLOW + remote_network_backend.OPTIONS + "[idempotency]\nclaim = 3\n",
                              environment=environment),
                       tmp_path_factory.mktemp("remote"), CONCURRENCY)
    made.service = service
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def cloud(remote_cloud, service):
    remote_cloud.start()
    yield remote_cloud
    service.lose = service.refuse = service.break_down = service.delay = 0
    for server in remote_cloud.get("/compute/v2.1/servers").body["servers"]:
        remote_cloud.delete_server(server["id"])


@pytest.fixture
def fragile(cloud):
    return cloud


def hosts(cloud, server_id):
    """Names of the hosts to which a server's ports are bound at the service."""
    return {each["host"] for each in cloud.ports_of(server_id)}


def test_the_ports_of_a_server_follow_it_off_its_host_and_back_though_the_service_breaks_down(cloud, service):
    server_id = cloud.boot(name="moving")["id"]
    host = cloud.show(server_id, user="admin")["OS-EXT-SRV-ATTR:host"]
    assert hosts(cloud, server_id) == {host}
    service.break_down = 2
    assert cloud.act(server_id, "shelve").status == 202
    cloud.wait_for(server_id, "SHELVED_OFFLOADED")
    clouds.until("its ports are bound to no host", lambda: hosts(cloud, server_id) == {""})
    assert service.break_down == 0
    service.lose = 1
    assert cloud.act(server_id, "unshelve").status == 202
    cloud.wait_for(server_id, "ACTIVE")
    assert (hosts(cloud, server_id), service.lose) == ({host}, 0)


def test_a_port_without_a_server_comes_and_goes(cloud, service):
    made = cloud.post("/network/v2.0/ports", {"port": {"network_id": cloud.network_id()}})
    assert made.status == 201, made.text
    port_id = made.body["port"]["id"]
    assert port_id in service.things
    assert cloud.delete(f"/network/v2.0/ports/{port_id}").status == 204
    assert port_id not in service.things


def attach(cloud, server_id, key):
    """The Answer of a keyed attachment that is sent until it gets one other than 409 or 503."""
    def ask():
        answer = cloud.post(f"/compute/v2.1/servers/{server_id}/os-interface", {
            "interfaceAttachment": {"net_id": cloud.network_id()}}, version="2.90", headers={"Idempotency-Key": key})
        return answer if answer.status not in (409, 503) else None
    return clouds.until(f"{key} is answered", ask)


@pytest.mark.parametrize("moment", ["while the service makes the port", "while the host attaches it"])
def test_a_repeat_after_the_death_of_the_api_attaches_one_interface(cloud, service, moment):
    server_id = cloud.boot(name="attached")["id"]
    before = {each["id"] for each in cloud.ports_of(server_id)}
    service.delay = 1.0 if moment == "while the service makes the port" else 0.0
    asking = requests.Request(
        "POST", f"{cloud.url}/compute/v2.1/servers/{server_id}/os-interface", headers={
            "X-Auth-Token": cloud.token(), "OpenStack-API-Version": "compute 2.90", "Idempotency-Key": moment},
        json={"interfaceAttachment": {"net_id": cloud.network_id()}}).prepare()
    sent = threading.Thread(target=lambda: _send(asking))
    sent.start()
    time.sleep(0.6)
    cloud.kill(API)
    sent.join(120)
    service.delay = 0.0
    cloud.start()
    made = attach(cloud, server_id, moment)
    assert made.status == 200, made.text
    port_id = made.body["interfaceAttachment"]["port_id"]
    clouds.until("the server has one port more", lambda: {
        each["id"] for each in cloud.ports_of(server_id)} == before | {port_id})
    again = attach(cloud, server_id, moment)
    assert (again.status, again.body, again.headers["Idempotent-Replayed"]) == (200, made.body, "true")
    actions = cloud.get(f"/compute/v2.1/servers/{server_id}/os-instance-actions").body["instanceActions"]
    assert [each["action"] for each in actions].count("attach_interface") == 1


def _send(prepared):
    with contextlib.suppress(requests.RequestException):
        requests.Session().send(prepared, timeout=60)
