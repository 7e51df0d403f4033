"""Calls, casts and errors over the bus, in both modes; over ``local://``, or the bus that NOVA_LITE_TEST_BUS names."""

import datetime
import itertools
import os
import time

import pytest

from nova_lite.common import concurrency, exceptions, rpc
from nova_lite.common.context import RequestContext
from nova_lite.objects.server import Address, Flavor, Image, Nic, Server
from tests import on_eventlet

BUS = os.environ.get("NOVA_LITE_TEST_BUS", "local://test")
SLACK = 0 if BUS.startswith("local") else 5     # seconds a real broker may need more
CONTEXT = RequestContext("u1", "p1", ("member", "reader"), request_id="req-1", user_name="ann", remote_address="::1")

_topics = (f"topic{number}-{os.getpid()}" for number in itertools.count())


class Endpoint:
    """Does what the tests ask, and notes what it received."""

    def __init__(self, name="host1"):
        self.name = name
        self.received = []

    def who(self, context):
        return self.name

    def note(self, context, value):
        self.received.append(value)

    def context(self, context):
        return context.to_dict()

    def echo(self, context, value):
        self.received.append(value)
        return value

    def nap(self, context, seconds):
        self.received.append("nap")
        concurrency.sleep(seconds)
        return seconds

    def meet(self, context, number):
        """Returns when so many are here."""
        self.received.append("meet")
        until(lambda: len(self.received) >= number)
        return number

    def full(self, context):
        raise exceptions.NoValidHost(reason="all are full")

    def fenced(self, context):
        raise exceptions.Fenced(operation_id="op-1", attempt=3)

    def worded(self, context):
        raise exceptions.ValidationError("words of its own", detail={"field": ("name", datetime.date(2026, 1, 2))})

    def newer(self, context):
        raise type("GpuNotFound", (exceptions.NotFound,), {"template": "No GPU {gpu}."})(gpu=7)

    def bug(self, context):
        raise KeyError("secret")

    def unsendable(self, context):
        return object()

    def _private(self, context):
        return "should never be received"


class Second:
    target = rpc.Target(version="1.3")

    def sum(self, context, numbers):
        return sum(numbers)


@pytest.fixture(scope="module", autouse=True)
def bus():
    rpc.init(BUS)
    yield
    rpc.cleanup()


@pytest.fixture
def topic():
    return next(_topics)


@pytest.fixture
def start(topic):
    servers = []

    def start(host="host1", *endpoints):
        endpoints = endpoints or (Endpoint(host),)
        servers.append(rpc.server(topic, host, endpoints).start())
        return endpoints[0]

    yield start
    for server in servers:
        assert server.stop(60)


@pytest.fixture
def client(topic):
    return rpc.client(topic, "1.0")


def until(condition, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it never came true"
        concurrency.sleep(0.01)


def make_server():
    nic = Nic.make(port_id="0a1b2c3d-4e5f", network_id="n1", network_name="net", mac="fa:16:3e:00:00:01", mtu=1500,
                   vif_type="bridge", vnic_type="normal", tag=None,
                   addresses=[Address.make(ip="10.0.0.5", cidr="10.0.0.0/24", gateway=None, version=4, dns=["10.0.0.1"],
                                           dhcp=True, subnet_id="s1")])
    flavor = Flavor.make(flavorid="1", name="tiny", vcpus=1, memory_mb=512, root_gb=1, ephemeral_gb=0, swap_mb=0,
                         extra_specs={"hw:x": "y"})
    image = Image.make(id="i1", name=None, disk_format="qcow2", size=2**40, virtual_size=None, checksum=None,
                       hash_algo=None, min_disk=0, min_ram=0, properties={}, path=None, url=None, token=None)
    return Server.make(id="s1", number=42, display_name="naïve ☃", hostname="naive", project_id="p1", user_id="u1",
                       created_at=datetime.datetime(2026, 1, 2, 3, 4, 5), vm_state="building", task_state=None,
                       power_state=0, host="host1", availability_zone=None, launch_index=0, reservation_id=None,
                       key_name=None, public_key=None, key_type=None, metadata={"a": "b"}, user_data=None,
                       injected_files=[{"path": "/a", "contents": "aGk="}],
                       local_disks=[{"format": "swap", "size_mb": "64", "bus": None}],
                       config_drive=True, admin_pass=None, image=image, flavor=flavor, nics=[nic])


def plain(value):
    """A primitive without its lists of changed fields, whose order is any."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if not key.endswith(".changes")}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
def test_this_module_passes_on_green_threads():
    on_eventlet.again(__file__)


def test_a_call_brings_arguments_context_and_answer(start, client):
    start()
    values = {"text": "☃", "none": None, "list": [1, 2.5, True], "nested": {"a": [{"b": "c"}]}}
    assert client.call(CONTEXT, "echo", value=values) == values
    answers = RequestContext.from_dict(client.to("host1").call(CONTEXT, "context"))
    assert answers.to_dict() == CONTEXT.to_dict()


def test_versioned_objects_travel_whole_in_both_directions(start, client):
    received = start().received
    sent = make_server()
    back = client.call(CONTEXT, "echo", value=sent)
    assert isinstance(back, Server) and isinstance(received[0], Server) and received[0] is not sent
    assert plain(back.obj_to_primitive()) == plain(sent.obj_to_primitive())
    assert back.nics[0].addresses[0].ip == "10.0.0.5" and back.created_at == sent.created_at
    pair = client.call(CONTEXT, "echo", value=[sent.flavor, {"image": sent.image}])
    assert (pair[0].name, pair[1]["image"].size) == ("tiny", 2**40)


def test_an_endpoint_that_changes_its_arguments_leaves_the_callers_copy(start, client):
    endpoint = start()
    sent = {"list": [1]}
    back = client.call(CONTEXT, "echo", value=sent)
    endpoint.received[0]["list"].append(2)
    assert sent == back == {"list": [1]}


@pytest.mark.parametrize(("method", "kind", "fields", "text"), [
    ("full", exceptions.NoValidHost, {"reason": "all are full"}, "No valid host was found. all are full"),
    ("fenced", exceptions.Fenced, {"operation_id": "op-1", "attempt": 3},
     "Operation op-1 is no longer led by attempt 3."),
    ("worded", exceptions.ValidationError, {"detail": {"field": ["name", "2026-01-02"]}}, "words of its own"),
    ("newer", exceptions.NotFound, {"gpu": 7}, "No GPU 7."),
])
def test_an_error_arrives_with_the_class_and_fields_it_was_raised_with(start, client, method, kind, fields, text):
    start()
    with pytest.raises(exceptions.NovaLiteError) as caught:
        client.call(CONTEXT, method)
    error = caught.value
    assert type(error) is kind
    assert error.fields == fields and str(error) == text
    assert {name: getattr(error, name) for name in fields} == fields


@pytest.mark.parametrize(("method", "kind"), [("bug", "KeyError"), ("_private", "NoSuchMethod"),
                                              ("nope", "NoSuchMethod")])
def test_a_bug_of_the_other_side_raises_remote_failure(start, client, method, kind):
    start()
    with pytest.raises(exceptions.RemoteFailure) as caught:
        client.call(CONTEXT, method)
    assert caught.value.kind == kind


def test_an_answer_that_cannot_travel_is_an_error_at_once(start, client):
    if not BUS.startswith("local"):
        return      # other drivers turn such an object into a dictionary; ours is stricter
    start()
    with pytest.raises(exceptions.RemoteFailure):
        client.to(timeout=60).call(CONTEXT, "unsendable")


def test_an_endpoint_serves_requests_up_to_its_own_version(start, topic):
    start("host1", Endpoint(), Second())
    assert rpc.client(topic, version="1.2").call(CONTEXT, "sum", numbers=[1, 2]) == 3
    for version in ("1.4", "2.0"):
        with pytest.raises(exceptions.OtherRelease) as caught:
            rpc.client(topic, version=version).call(CONTEXT, "sum", numbers=[1])
        assert str(caught.value) == (f"sum came as version {version} of the messages between services, which this "
                                     "release does not speak. Bring all services of this cloud to one release.")


def test_a_call_that_nobody_answers_ends_in_time(client):
    began = time.monotonic()
    with pytest.raises(exceptions.NoAnswer):
        client.to(timeout=0.3).call(CONTEXT, "who")
    assert time.monotonic() - began < 30


def test_a_call_waits_for_a_server_that_comes_in_time(start, client):
    asking = concurrency.spawn(client.to("host1", timeout=60).call, CONTEXT, "who")
    concurrency.sleep(0.7)
    start("host1")
    assert asking.wait(60) and asking.result == "host1"


@pytest.mark.slow
def test_a_call_that_is_answered_too_late_ends_in_time_and_its_answer_troubles_nobody(start, client):
    start()
    began = time.monotonic()
    with pytest.raises(exceptions.NoAnswer):
        client.to(timeout=0.3).call(CONTEXT, "nap", seconds=5 + SLACK)
    assert time.monotonic() - began < 5 + SLACK
    concurrency.sleep(5 + SLACK)
    assert client.call(CONTEXT, "who") == "host1"


def test_calls_run_concurrently(start, client):
    start()
    waiting = client.to(timeout=60)
    assert concurrency.Pool(20).map(lambda _: waiting.call(CONTEXT, "meet", number=20), range(20)) == [20] * 20


def test_answers_find_their_own_callers(start, client):
    start()
    numbers = list(range(300))
    assert concurrency.Pool(30).map(lambda number: client.call(CONTEXT, "echo", value=number), numbers) == numbers


def test_a_cast_reaches_its_host_and_returns_at_once(start, client):
    one, two = start("host1"), start("host2")
    assert client.to("host2").cast(CONTEXT, "note", value="news")
    until(lambda: two.received == ["news"])
    assert one.received == []


def test_a_cast_whose_endpoint_fails_has_no_effect_on_later_casts(start, client):
    endpoint = start()
    assert client.cast(CONTEXT, "full")
    assert client.cast(CONTEXT, "bug")
    assert client.cast(CONTEXT, "note", value=1)
    until(lambda: endpoint.received == [1])


def test_a_fanout_reaches_every_host_once(start, client):
    endpoints = [start(f"host{number}") for number in range(4)]
    assert client.to(fanout=True).cast(CONTEXT, "note", value="all")
    until(lambda: all(endpoint.received for endpoint in endpoints))
    assert [endpoint.received for endpoint in endpoints] == [["all"]] * 4


def test_hosts_of_a_topic_take_turns(start, client):
    start("host1")
    start("host2")
    answers = [client.call(CONTEXT, "who") for _ in range(10)]
    assert answers.count("host1") == answers.count("host2") == 5


def test_casts_of_one_caller_all_arrive(start, client):
    endpoint = start()
    for number in range(200):
        client.cast(CONTEXT, "note", value=number)
    until(lambda: len(endpoint.received) == 200)
    assert sorted(endpoint.received) == list(range(200))


def test_an_endpoint_may_ask_itself_and_others(start, client):
    class Asking(Endpoint):
        def relay(self, context, depth):
            return client.call(context, "relay", depth=depth - 1) + 1 if depth else 0

    start("host1", Asking())
    assert client.call(CONTEXT, "relay", depth=5) == 5


def test_a_stopped_server_finishes_running_requests_and_receives_no_more(topic, client):
    endpoint = Endpoint()
    server = rpc.server(topic, "host1", [endpoint]).start()
    asking = concurrency.spawn(client.call, CONTEXT, "nap", seconds=0.5)
    until(lambda: endpoint.received)
    assert server.stop(60)
    assert asking.wait(60) and asking.result == 0.5
    with pytest.raises(exceptions.NoAnswer):
        client.to(timeout=0.3).call(CONTEXT, "who")


@pytest.mark.slow
def test_stopping_is_bounded_when_an_endpoint_hangs(topic, client):
    endpoint = Endpoint()
    server = rpc.server(topic, "host1", [endpoint]).start()
    asking = concurrency.spawn(client.call, CONTEXT, "nap", seconds=4)
    until(lambda: endpoint.received)
    assert not server.stop(0.3)
    assert not asking.wait(0)
    assert asking.wait(60)


def test_a_ping_goes_through_the_bus_to_oneself(topic):
    server = rpc.server(topic, "host1", [Endpoint()]).start()
    assert 0 < server.ping(timeout=60) < 60
    assert server.stop(60)
    with pytest.raises(exceptions.NoAnswer):
        server.ping(timeout=0.2)
