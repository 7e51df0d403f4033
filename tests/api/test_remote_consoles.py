"""Links to consoles: who gets one, what it says, and when its token stops being good."""

import datetime
import urllib.parse

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions, rpc
from nova_lite.common.context import RequestContext
from nova_lite.compute.rpcapi import VERSION
from nova_lite.conf import CONF
from nova_lite.db import operations
from nova_lite.db.base import now
from nova_lite.db.models.consoles import ConsoleToken
from nova_lite.objects.states import OPERATIONS
from tests.compute_service import NOWHERE

VNC, SERIAL = ({"remote_console": {"protocol": protocol, "type": kind}}
               for protocol, kind in (("vnc", "novnc"), ("serial", "serial")))


class Host:
    """The compute service of host-1."""

    target = rpc.Target(version=VERSION)

    def __init__(self):
        self.stopped = False

    def open_console(self, context, server_id, protocol):
        if self.stopped:
            raise exceptions.GuestNotFound(host="host-1", server_id=server_id)
        return {"host": "10.0.0.9", "port": 5900 if protocol == "vnc" else 41000,
                "path": "" if protocol == "vnc" else "secret"}


@pytest.fixture
def host(cloud):
    made = Host()
    server = rpc.server("compute", "host-1", [made])
    server.start()
    yield made
    server.stop(1)


@pytest.fixture
def server(cloud, host):
    return cloud.make()


def ask(cloud, server, body=VNC, version="2.6", **more):
    return cloud.call("POST", f"/servers/{server}/remote-consoles", body, version=version, **more)


def token_of(answer):
    url = urllib.parse.urlsplit(answer.json["remote_console"]["url"])
    asked = dict(urllib.parse.parse_qsl(url.query))
    return asked.get("token") or asked["path"].removeprefix("?token=")


def look_up(cloud, token, user="admin", version="2.31"):
    return cloud.call("GET", f"/os-console-auth-tokens/{token}", user=user, version=version)


def test_the_link_leads_to_the_page_of_novnc(cloud, server):
    answer = ask(cloud, server)
    assert answer.status_int == 200
    console = answer.json["remote_console"]
    assert (console["protocol"], console["type"]) == ("vnc", "novnc")
    assert console["url"] == f"http://localhost:6080/vnc_lite.html?path=%3Ftoken%3D{token_of(answer)}"


def test_console_tokens_are_masked_in_the_log(cloud, server, caplog):
    token = token_of(ask(cloud, server))
    with caplog.at_level("INFO"):
        assert look_up(cloud, token).status_int == 200
    assert "GET /compute/v2.1/os-console-auth-tokens/***" in caplog.text
    assert token not in caplog.text


def test_the_link_of_a_serial_port_is_a_websocket(cloud, server):
    answer = ask(cloud, server, SERIAL)
    assert answer.json["remote_console"]["url"] == f"ws://localhost:6083/?token={token_of(answer)}"


def test_console_links_start_with_the_configured_base_url(cloud, server, monkeypatch):
    CONF.set_override("novncproxy_base_url", "https://c.example/vnc_auto.html", "vnc")
    CONF.set_override("base_url", "wss://c.example:6083/", "serial_console")
    try:
        assert ask(cloud, server).json["remote_console"]["url"].startswith("https://c.example/vnc_auto.html?path=%3F")
        assert ask(cloud, server, SERIAL).json["remote_console"]["url"].startswith("wss://c.example:6083/?token=")
    finally:
        CONF.clear_override("novncproxy_base_url", "vnc")
        CONF.clear_override("base_url", "serial_console")


@pytest.mark.parametrize(("name", "kind", "start"), [
    ("os-getVNCConsole", "novnc", "http://localhost:6080/"), ("os-getSerialConsole", "serial", "ws://localhost:6083/")])
def test_older_clients_ask_by_an_action(cloud, server, name, kind, start):
    answer = cloud.call("POST", f"/servers/{server}/action", {name: {"type": kind}})
    assert answer.json["console"]["type"] == kind
    assert answer.json["console"]["url"].startswith(start)
    assert cloud.call("POST", f"/servers/{server}/action", {name: {"type": kind}}, version="2.6").status_int == 404


@pytest.mark.parametrize(("body", "version", "status", "says"), [
    ({"remote_console": {"protocol": "spice", "type": "spice-html5"}}, "2.6", 400,
     "Unavailable console type spice-html5."),
    ({"remote_console": {"protocol": "rdp", "type": "rdp-html5"}}, "2.6", 400,
     "Unavailable console type rdp-html5."),
    ({"remote_console": {"protocol": "vnc", "type": "xvpvnc"}}, "2.6", 400, "Invalid console type xvpvnc"),
    ({"remote_console": {"protocol": "mks", "type": "webmks"}}, "2.7", 400, "Invalid input for field/attribute"),
    ({"remote_console": {"protocol": "mks", "type": "webmks"}}, "2.8", 400, "Unavailable console type webmks."),
    ({"remote_console": {"protocol": "vnc"}}, "2.6", 400, "'type' is a required property"),
    ({"remote_console": {"protocol": "vnc", "type": "novnc", "x": 1}}, "2.6", 400, "Additional properties"),
    (VNC, "2.5", 404, ""),
])
def test_a_console_type_that_is_not_offered_is_refused(cloud, server, body, version, status, says):
    answer = ask(cloud, server, body, version)
    assert answer.status_int == status
    assert says in answer.text


def test_the_console_of_hyper_v_is_refused(cloud, server):
    body = {"os-getRDPConsole": {"type": "rdp-html5"}}
    assert cloud.refused("POST", f"/servers/{server}/action", body) == (400, "Unavailable console type rdp-html5.")


def test_a_console_of_another_projects_server_is_404(cloud, server):
    assert ask(cloud, server, user="bob").status_int == 404
    assert ask(cloud, server, user="carl").status_int == 403
    assert ask(cloud, NOWHERE).status_int == 404


def test_a_server_that_does_not_run_has_no_console(cloud, server, host):
    host.stopped = True
    answer = ask(cloud, server)
    assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (
        409, f"Instance {server} is not ready")


def test_consoles_can_be_switched_off(cloud, server):
    CONF.set_override("enabled", False, "vnc")
    try:
        assert ask(cloud, server).json["badRequest"]["message"] == "Unavailable console type novnc."
    finally:
        CONF.clear_override("enabled", "vnc")


def test_an_administrator_sees_where_a_token_leads(cloud, server):
    vnc, serial = (look_up(cloud, token_of(ask(cloud, server, body))).json["console"] for body in (VNC, SERIAL))
    assert vnc == {"instance_uuid": server, "host": "10.0.0.9", "port": 5900, "internal_access_path": None}
    assert serial == {"instance_uuid": server, "host": "10.0.0.9", "port": 41000, "internal_access_path": "secret"}


def test_console_tokens_are_looked_up_by_administrators_since_2_31(cloud, server):
    token = token_of(ask(cloud, server))
    assert look_up(cloud, token, user="alice").status_int == 403
    assert look_up(cloud, token, version="2.30").status_int == 400
    assert look_up(cloud, "no-token").json["itemNotFound"]["message"] == "Token not found"


def test_a_token_ends_with_its_time(cloud, server):
    token = token_of(ask(cloud, server))
    with db.writer() as session:
        session.execute(sa.update(ConsoleToken).values(expires_at=now() - datetime.timedelta(seconds=1)))
    assert look_up(cloud, token).status_int == 404


def begin(server, name):
    with db.writer() as session:
        operations.begin(session, RequestContext("admin", "padmin", ("admin",)), server, OPERATIONS[name])


@pytest.mark.parametrize("name", ["stop_server", "hard_reboot_server", "delete_server"])
def test_a_token_ends_with_the_boot_it_was_made_in(cloud, server, name):
    token = token_of(ask(cloud, server))
    begin(server, name)
    assert look_up(cloud, token).status_int == 404


@pytest.mark.parametrize("name", ["reboot_server", "snapshot_server", "change_password", "attach_interface"])
def test_a_console_token_survives_operations_that_keep_the_guest_running(cloud, server, name):
    token = token_of(ask(cloud, server))
    begin(server, name)
    assert look_up(cloud, token).status_int == 200


def test_the_database_does_not_keep_the_token_itself(cloud, server):
    token = token_of(ask(cloud, server))
    with db.reader() as session:
        assert token not in str(session.execute(sa.select(ConsoleToken.__table__)).all())


@pytest.mark.parametrize("name", ["stop_server", "delete_server"])
def test_no_console_link_is_given_when_an_operation_ends_the_guest_meanwhile(cloud, server, host, monkeypatch, name):
    open_console = host.open_console

    def overtaken(*given, **named):
        begin(server, name)
        return open_console(*given, **named)
    monkeypatch.setattr(host, "open_console", overtaken)
    answer = ask(cloud, server)
    assert (answer.status_int, answer.json["conflictingRequest"]["message"]) == (
        409, f"Instance {server} is not ready")
    with db.reader() as session:
        assert session.execute(sa.select(ConsoleToken.__table__)).all() == []
