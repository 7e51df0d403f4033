"""What only the in-process bus does: named brokers, waiting messages, strict JSON."""

import datetime
import gc
import threading

import oslo_messaging
import pytest

from nova_lite.common import concurrency, rpc, rpc_local
from nova_lite.common.context import RequestContext
from nova_lite.conf import CONF
from tests import on_eventlet

CONTEXT = RequestContext("u1", "p1")


class Endpoint:
    def __init__(self, name):
        self.name = name
        self.received = []

    def who(self, context):
        return self.name

    def note(self, context, value):
        self.received.append(value)


@pytest.fixture(autouse=True)
def bus(request):
    rpc.init(f"local://{request.node.name[:40]}".replace("[", "-").replace("]", ""))
    yield
    rpc.cleanup()


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_clouds_with_different_names_receive_no_messages_of_each_other():
    clients = []
    servers = []
    for name in ("one", "two"):
        rpc.init(f"local://{name}")
        servers.append(rpc.server("compute", "host1", [Endpoint(name)]).start())
        clients.append(rpc.client("compute", "1.0").to("host1"))
    assert [client.call(CONTEXT, "who") for client in clients] == ["one", "two"]
    assert all(server.stop(60) for server in servers)


def test_transports_of_the_same_name_share_one_bus():
    server = rpc.server("compute", "host1", [Endpoint("here")]).start()
    rpc.init(f"local://{next(iter(rpc.transport()._driver._url.hosts)).hostname}")
    assert rpc.client("compute", "1.0").call(CONTEXT, "who") == "here"
    assert server.stop(60)


def test_unset_the_bus_is_local():
    rpc.cleanup()
    assert CONF.transport_url == "local://"
    assert isinstance(rpc.transport()._driver, rpc_local.LocalDriver)


def test_casts_wait_for_a_host_that_comes_later_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(rpc_local, "BACKLOG", 5)
    client = rpc.client("compute", "1.0").to("late")
    for number in range(8):
        client.cast(CONTEXT, "note", value=number)
    endpoint = Endpoint("late")
    server = rpc.server("compute", "late", [endpoint]).start()
    client.call(CONTEXT, "who")
    assert server.stop(60)
    assert endpoint.received == [0, 1, 2, 3, 4]


def test_a_call_whose_caller_has_gone_is_not_kept_for_later():
    client = rpc.client("compute", "1.0").to("late", timeout=0.05)
    for _ in range(3):
        with pytest.raises(rpc.exceptions.NoAnswer):
            client.call(CONTEXT, "note", value="stale")
    endpoint = Endpoint("late")
    server = rpc.server("compute", "late", [endpoint]).start()
    client.to(timeout=60).call(CONTEXT, "who")
    assert server.stop(60)
    assert endpoint.received == []


def test_casts_start_in_the_order_they_were_sent():
    endpoint = Endpoint("host1")
    server = rpc.server("compute", "host1", [endpoint]).start()
    client = rpc.client("compute", "1.0").to("host1")
    for number in range(50):
        client.cast(CONTEXT, "note", value=number)
    client.call(CONTEXT, "who")
    assert server.stop(60)
    if concurrency.mode() == "eventlet":
        assert endpoint.received == list(range(50))
    else:       # native threads promise no order, nor does any broker
        assert sorted(endpoint.received) == list(range(50))


@pytest.mark.parametrize("value", [datetime.datetime(2026, 1, 2), object(), {1: "not a text"}, b"bytes"])
def test_a_value_that_cannot_be_serialized_raises_at_its_sender(value):
    with pytest.raises(TypeError):
        rpc_local._copy({"value": value})
    with pytest.raises(TypeError):
        rpc.client("compute", "1.0").cast(CONTEXT, "note", value=value)


def test_the_driver_is_found_by_its_entry_point_where_the_package_is_installed():
    from importlib import metadata
    entries = metadata.entry_points(group="oslo.messaging.drivers", name="local")
    for entry in entries:
        assert entry.load() is rpc_local.LocalDriver


@pytest.mark.slow
def test_notifications_reach_their_listener():
    received = threading.Event()

    class Listening:
        def info(self, context, publisher, event, payload, metadata):
            received.set()

    transport = rpc.transport()
    listener = oslo_messaging.get_notification_listener(
        transport, [oslo_messaging.Target(topic="notes")], [Listening()])
    listener.start()
    oslo_messaging.Notifier(transport, "me", driver="messaging", topics=["notes"]).info({}, "it.happened", {"a": 1})
    assert received.wait(60)
    listener.stop()
    listener.wait()


@pytest.mark.slow
def test_the_bus_keeps_no_messages_that_were_handled():
    server = rpc.server("compute", "host1", [Endpoint("host1")]).start()
    client = rpc.client("compute", "1.0").to("host1")
    client.call(CONTEXT, "who")

    def messages():
        gc.collect()
        return sum(isinstance(each, rpc_local._Message) for each in gc.get_objects())

    before = messages()
    for _ in range(200):
        client.call(CONTEXT, "who")
    assert messages() <= before + 5
    assert server.stop(60)
