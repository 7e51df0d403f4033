"""What only the in-process bus does: named brokers, waiting messages, strict JSON."""

import datetime
import gc
import threading

import oslo_messaging
import pytest

from nova_lite.common import concurrency, rpc, rpc_local
from nova_lite.common.context import RequestContext
from nova_lite.conf import CONF
from tests import green

CONTEXT = RequestContext("u1", "p1")


class Endpoint:
    def __init__(self, name):
        self.name = name
        self.heard = []

    def who(self, context):
        return self.name

    def note(self, context, value):
        self.heard.append(value)


@pytest.fixture(autouse=True)
def bus(request):
    rpc.init(f"local://{request.node.name[:40]}".replace("[", "-").replace("]", ""))
    yield
    rpc.cleanup()


def test_all_of_this_holds_on_green_threads():
    green.again(__file__)


def test_clouds_with_different_names_do_not_hear_each_other():
    clients = []
    servers = []
    for name in ("one", "two"):
        rpc.init(f"local://{name}")
        servers.append(rpc.server("compute", "host1", [Endpoint(name)]).start())
        clients.append(rpc.client("compute").to("host1"))
    assert [client.call(CONTEXT, "who") for client in clients] == ["one", "two"]
    assert all(server.stop(5) for server in servers)


def test_transports_of_the_same_name_share_one_bus():
    server = rpc.server("compute", "host1", [Endpoint("here")]).start()
    rpc.init(f"local://{next(iter(rpc.transport()._driver._url.hosts)).hostname}")
    assert rpc.client("compute").call(CONTEXT, "who") == "here"
    assert server.stop(5)


def test_unset_the_bus_is_local():
    rpc.cleanup()
    assert CONF.transport_url == "local://"
    assert isinstance(rpc.transport()._driver, rpc_local.LocalDriver)


def test_casts_wait_for_a_host_that_comes_later_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(rpc_local, "BACKLOG", 5)
    client = rpc.client("compute").to("late")
    for number in range(8):
        client.cast(CONTEXT, "note", value=number)
    endpoint = Endpoint("late")
    server = rpc.server("compute", "late", [endpoint]).start()
    client.call(CONTEXT, "who")
    assert server.stop(5)
    assert endpoint.heard == [0, 1, 2, 3, 4]


def test_a_call_whose_caller_has_gone_is_not_kept_for_later():
    client = rpc.client("compute").to("late", timeout=0.05)
    for _ in range(3):
        with pytest.raises(rpc.exception.NoAnswer):
            client.call(CONTEXT, "note", value="stale")
    endpoint = Endpoint("late")
    server = rpc.server("compute", "late", [endpoint]).start()
    client.to(timeout=5).call(CONTEXT, "who")
    assert server.stop(5)
    assert endpoint.heard == []


def test_casts_are_begun_in_the_order_they_were_sent():
    endpoint = Endpoint("host1")
    server = rpc.server("compute", "host1", [endpoint]).start()
    client = rpc.client("compute").to("host1")
    for number in range(50):
        client.cast(CONTEXT, "note", value=number)
    client.call(CONTEXT, "who")
    assert server.stop(5)
    if concurrency.mode() == "eventlet":
        assert endpoint.heard == list(range(50))
    else:       # native threads promise no order, nor does any broker
        assert sorted(endpoint.heard) == list(range(50))


@pytest.mark.parametrize("value", [datetime.datetime(2026, 1, 2), object(), {1: "not a text"}, b"bytes"])
def test_what_no_wire_can_carry_is_refused_to_its_sender(value):
    with pytest.raises(TypeError):
        rpc_local._copy({"value": value})
    with pytest.raises(TypeError):
        rpc.client("compute").cast(CONTEXT, "note", value=value)


def test_the_driver_is_found_by_its_entry_point_where_the_package_is_installed():
    from importlib import metadata
    entries = metadata.entry_points(group="oslo.messaging.drivers", name="local")
    for entry in entries:
        assert entry.load() is rpc_local.LocalDriver


def test_notifications_reach_their_listener():
    heard = threading.Event()

    class Listening:
        def info(self, context, publisher, event, payload, metadata):
            heard.set()

    transport = rpc.transport()
    listener = oslo_messaging.get_notification_listener(
        transport, [oslo_messaging.Target(topic="notes")], [Listening()])
    listener.start()
    oslo_messaging.Notifier(transport, "me", driver="messaging", topics=["notes"]).info({}, "it.happened", {"a": 1})
    assert heard.wait(5)
    listener.stop()
    listener.wait()


def test_the_bus_keeps_nothing_of_what_is_done():
    server = rpc.server("compute", "host1", [Endpoint("host1")]).start()
    client = rpc.client("compute").to("host1")
    client.call(CONTEXT, "who")

    def messages():
        gc.collect()
        return sum(isinstance(each, rpc_local._Message) for each in gc.get_objects())

    before = messages()
    for _ in range(200):
        client.call(CONTEXT, "who")
    assert messages() <= before + 5
    assert server.stop(5)
