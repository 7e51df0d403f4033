"""The auditor and a remote image service: what is left there is undone, and it says which images of hosts there are."""

import types

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import exceptions
from nova_lite.conductor.auditor import Auditor
from nova_lite.conductor.endpoints.audit import Audits
from nova_lite.db.base import new_id, now
from nova_lite.db.models.operations import Operation
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.ledger import Ledger
from nova_lite.network.api import API as Network
from nova_lite.objects.drift import HostReport
from nova_lite.objects.service_change import Change
from tests.network_service import service  # noqa: F401
from tests.remote_image_backend import Backend
from tests.remote_image_service import ImageService
from tests.remote_services import Client, Server

CONTEXT = contexts.RequestContext("alice", "pa", ("member", "reader"))


class World:
    """:ivar images: the facade.  :ivar http: the Server of the service."""

    def __init__(self, service, http):  # noqa: F811
        self.http, self.known = http, http.service
        self.images = Backend(Client(http.url, 0.5), http.url)
        self.ledger = Ledger({"image": self.images})
        self.server_id = service.server([])
        self.operation = types.SimpleNamespace(id=new_id(), name="snapshot_server", resource_type="server",
                                               resource_id=self.server_id, attempt=1)
        with db.writer() as session:
            session.execute(sa.insert(Operation).values(
                id=self.operation.id, name="snapshot_server", resource_id=self.server_id, place="h1", deadline=now(),
                project_id="pa", user_id="alice", request_id="r", state="running"))

    def reserve(self):
        values = {"name": "copy", "project_id": "pa", "disk_format": "raw", "properties": {}}
        change = Change("image", "reserve_image", {"context": CONTEXT.to_dict(), "values": values})
        return self.ledger.carry_out(self.operation, [change], lambda _session, results: results[0]["image_id"])

    def look(self, repair=True):
        found = Auditor(Network(), repair, image=self.images).examine_all()
        return {each.kind: each for each in found if each.kind == "change_left"}

    def row(self):
        with db.reader() as session:
            return session.execute(sa.select(ServiceChange.__table__)).one()


@pytest.fixture
def world(service):  # noqa: F811
    with Server(ImageService()) as http:
        yield World(service, http)


def test_a_copy_that_came_to_be_after_its_undo_is_found_by_its_marker_and_undone(world):
    world.reserve()
    with db.writer() as session:
        world.ledger.give_back(session, world.server_id)
    world.ledger.settle()
    marker = world.row().id
    assert (world.row().state, world.known.images, world.look()) == ("undone", [], {})
    late = world.known.answer("POST", "/images", {"marker": marker})
    found = world.look(repair=False)["change_left"]
    assert (found.subject, found.repaired) == (marker, False) and late["id"] in found.detail
    assert world.look()["change_left"].repaired
    world.ledger.settle()
    assert (world.known.images, world.row().state, world.look()) == ([], "undone", {})


def test_a_copy_that_is_kept_or_of_somebody_elses_cloud_is_left_alone(world):
    world.reserve()
    world.known.answer("POST", "/images", {"marker": new_id()})
    assert world.look() == {} and len(world.known.images) == 2


def test_a_service_that_does_not_answer_is_no_finding(world):
    world.reserve()
    world.http.away = True
    assert world.look() == {}


# ---- a host's images

class Asked:
    """A host's report of images, and what is said to it."""

    def __init__(self, world):
        identity = types.SimpleNamespace(service_token=lambda: "token")
        self._audits = Audits(types.SimpleNamespace(network=Network(), image=world.images, identity=identity))
        self._world = world

    def verdict(self, image_id):
        """({kind: Finding}, the images to fetch) where a disk lies over an image that the cache lacks."""
        server_id = self._world.server_id
        with db.writer() as session:
            session.execute(sa.text("UPDATE servers SET host = 'h1', vm_state = 'active', task_state = NULL"))
        report = HostReport.make(
            guests={server_id: 1}, disks={server_id: f"/cache/{image_id}, on which its disk lies, is gone"}, busy=[],
            halted={}, ports={}, nics={}, leases=None, taps=None, loose=[], strays=[], images=[], leftovers=[],
            unknown=[])
        said = self._audits.audit_host(contexts.admin(), "h1", report)
        return {each.kind: each for each in said.findings if each.kind.startswith("image")}, said.images


@pytest.fixture
def asked(world):
    return Asked(world)


def active(world):
    made = world.known.answer("POST", "/images", {"disk_format": "raw", "container_format": "bare"})
    world.known.answer("PUT", f"/images/{made['id']}/file", {"data": b"bytes"})
    return made["id"]


def test_a_base_that_a_host_lacks_is_fetched_from_the_service(world, asked):
    image_id = active(world)
    found, images = asked.verdict(image_id)
    assert set(found) == {"image_missing"}
    [image] = images
    assert (image.id, image.url, image.token) == (image_id, f"{world.http.url}/images/{image_id}/file", "token")


def test_a_base_that_the_service_has_no_more_is_lost(asked):
    found, images = asked.verdict(new_id())
    assert (set(found), images) == ({"image_lost"}, [])


def test_nothing_is_said_of_a_base_while_the_service_does_not_answer(world, asked):
    image_id = active(world)
    world.http.away = True
    assert asked.verdict(image_id) == ({}, [])


def test_an_image_that_goes_between_two_questions_is_not_fetched(world, asked, monkeypatch):
    def gone(_context, image_id):
        raise exceptions.ImageNotFound(image_id=image_id)
    monkeypatch.setattr(world.images, "for_server", gone)
    found, images = asked.verdict(active(world))
    assert (set(found), images) == ({"image_missing"}, [])
