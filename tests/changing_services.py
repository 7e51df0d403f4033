"""Other services, embedded and behind HTTP, and flows of operations that need changes of them.

The remote services choose ids themselves, lose answers, are slow and refuse.
"""

import datetime
import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.compute.actions.snapshot import Snapshot
from nova_lite.conductor.effects.base import Services
from nova_lite.conductor.effects.completion import Completion
from nova_lite.conductor.flows.build import Build
from nova_lite.conductor.held_leases import HeldLeases
from nova_lite.db import interfaces, operations, server_objects
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.servers import Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.image.api import Embedded
from nova_lite.image.store import Store
from nova_lite.ledger import Ledger
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import OPERATIONS
from tests import remote_services
from tests.network_service import service  # noqa: F401
from tests.remote_services import remote  # noqa: F401
from tests.unit.test_operations import OWNER

CHANGES = ["allocate_ports", "reserve_image", "attach_port", "add_address", "place_ports"]


MEMBER = contexts.RequestContext("alice", "pa", ("member", "reader"))


class World:
    """Services, a ledger of their changes, and an operation of a server that wants two NICs."""

    def __init__(self, services, count, server_id, network_id):
        self.services, self.count, self.server_id, self.network_id = services, count, server_id, network_id
        self.ledger = Ledger(services)
        self.operation = types.SimpleNamespace(
            id=new_id(), name="build_server", resource_type="server", resource_id=server_id, attempt=1)
        with db.writer() as session:
            session.execute(sa.insert(Operation).values(
                id=self.operation.id, name="build_server", resource_id=server_id, place="conductor", deadline=now(),
                project_id="pa", user_id="alice", request_id="r", state="running"))

    def change(self, verb="allocate_ports"):
        its = {"server_id": self.server_id}
        if verb == "allocate_ports":
            return Change("network", verb, its)
        if verb == "place_ports":
            return Change("network", verb, its | {"host": "h1"})
        if verb == "attach_port":
            return Change("network", verb, its | {"context": MEMBER.to_dict(), "wanted": wanted(self.network_id)})
        if verb == "add_address":
            return Change("network", verb, its | {"context": MEMBER.to_dict(), "network_id": self.network_id})
        return Change("image", verb, {"context": contexts.RequestContext("alice", "pa").to_dict(),
                                      "values": {"name": "copy", "project_id": "pa"}})

    def prepare(self, verb):
        """What a verb needs to be there."""
        if verb in ("add_address", "place_ports"):
            self.services["network"].verbs["allocate_ports"].do(new_id(), {"server_id": self.server_id})

    def verb(self, verb):
        change = self.change(verb)
        return self.services[change.service].verbs[verb], change.arguments

    def carry_out(self, verb="allocate_ports", then=lambda _session, result: result):
        return self.ledger.carry_out(self.operation, [self.change(verb)], lambda session, results: then(
            session, results[0]))

    def end(self):
        """The operation ends, whoever ended it."""
        with db.writer() as session:
            session.execute(sa.update(Operation).values(finished_at=now()))

    def give_back(self):
        with db.writer() as session:
            self.ledger.give_back(session, self.server_id)

    def rows(self):
        with db.reader() as session:
            return session.execute(sa.select(ServiceChange.__table__)).all()

    @property
    def state(self):
        [row] = self.rows()
        return row.state

    def settle(self):
        """What is due at any time is due now."""
        with db.writer() as session:
            session.execute(sa.update(ServiceChange).where(ServiceChange.next_try_at.is_not(None)).values(
                next_try_at=now() - datetime.timedelta(seconds=1)))
        self.ledger.settle()

    def count_images(self):
        return self.count("reserve_image")

    def nics(self):
        with db.reader() as session:
            return interfaces.nics(session, [self.server_id]).get(self.server_id, [])


def wanted(network_id):
    return {"network": network_id, "port": None, "fixed_ip": None, "tag": None}


def two_nics(service):  # noqa: F811
    """(a server's id, its network's)"""
    network, _ = service.net()
    return service.server([wanted(network["id"])] * 2), network["id"]


@pytest.fixture
def embedded(service, tmp_path):  # noqa: F811
    images = Embedded(Store(str(tmp_path)))
    its = two_nics(service)

    def count(verb):
        ports = service.find("/ports")
        if verb == "add_address":
            return sum(len(each["fixed_ips"]) for each in ports) - len(ports)
        if verb == "place_ports":
            return len([each for each in service.find("/ports", user="admin") if each["binding:host_id"]])
        return len(images.list(contexts.admin())) if verb == "reserve_image" else len(ports)
    return World({"network": service.facade, "image": images}, count, *its)


@pytest.fixture
def away(service, remote):  # noqa: F811
    kinds = {"allocate_ports": "ports", "attach_port": "ports", "add_address": "addresses", "reserve_image": "images"}

    def count(verb):
        if verb == "place_ports":
            return len([each for each in remote.things.values() if each.get("host")])
        return len([each for each in remote.things.values() if each["kind"] == kinds[verb]])
    return World(remote_services.services(remote), count, *two_nics(service))


@pytest.fixture(params=["embedded", "away"])
def world(request):
    return request.getfixturevalue(request.param)


# ---- flows

class Scheduler:
    def select_destinations(self, _context, operation_id, _attempt):
        with db.writer() as session:
            session.execute(sa.update(Server).values(host="h1"))
        return "h1"


@pytest.fixture
def flow(world):
    """A World whose operation waits at the conductor, and the flow that places its server."""
    completion = Completion(Services(world.services["network"], world.services["image"]))
    world.notified = []
    compute = types.SimpleNamespace(notify=lambda _context, host, name, _id: world.notified.append((host, name)))
    with db.writer() as session:
        session.execute(sa.delete(Operation))
        session.execute(sa.update(Server).values(vm_state="building", task_state="scheduling"))
        world.operation_id = operations.record(session, OWNER, OPERATIONS["build_server"], world.server_id,
                                               server_objects.row(session, world.server_id), {})
    world.completion = completion
    world.build = Build("c1", (compute, Scheduler()), completion, None, HeldLeases()).build_server
    return world


def resting(world):  # noqa: F811
    """The row of the world's server, which is active on a host."""
    with db.writer() as session:
        session.execute(sa.delete(Operation))
        session.execute(sa.update(Server).values(vm_state="active", task_state=None, host="h1",
                                                 flavor={"root_gb": 1, "vcpus": 1, "memory_mb": 64}))
        return server_objects.row(session, world.server_id)


@pytest.fixture
def snapshot(world):
    """A World with an operation that fills an image of its server, leased by its host."""
    server = resting(world)
    world.completion = Completion(Services(world.services["network"], world.services["image"]))
    rpc = types.SimpleNamespace(snapshot_server=lambda _context, _host, its_id: setattr(world, "id", its_id))
    world.image_id = Snapshot(world.services["image"], rpc).image(OWNER, server, "copy", {})
    with db.writer() as session:
        world.leased = operations.lease(session, world.id, "h1", "w", 15)
    return world
