"""The fake plane keeps the planes' contract and fails on request; the network API offers what planes can do."""

import json
import types

import pytest

from nova_lite.api.network import discovery, extensions
from nova_lite.conf import CONF
from nova_lite.network.planes import capabilities
from nova_lite.network.planes.exceptions import PlaneFails
from nova_lite.network.planes.fake import FakePlane
from tests.live.network_host import done
from tests.plane_contract import HERE, PlaneContract, network, nic, server


class Plane:
    """A FakePlane that is asked as tests/live/network_host.py is."""

    def __init__(self):
        self.macs = set()
        self.plane = FakePlane(CONF, lambda _server_ids: self.macs)

    def ask(self, method, **arguments):
        answer = json.loads(json.dumps(done(self.plane, {"method": method, **arguments})))
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    def device(self, its_nic):
        self.macs.add(its_nic["mac"])

    def no_device(self, its_nic):
        self.macs.discard(its_nic["mac"])


@pytest.fixture
def plane():
    return Plane()


class TestFake(PlaneContract):
    pass


def test_nothing_is_in_force_on_a_plane_that_fails(plane):
    mine = nic("4f7ce51b-d49e-41a4-b197-0aab00000001", 17)
    plane.ask("plug", server=server(mine))
    plane.plane.fails_with("a cable is out")
    scope = {"scope": HERE, "revision": 3, "whole": False, "networks": [network(mine["network_id"], 2)]}
    assert plane.ask("apply", scopes=[scope]) == {HERE: [None, "a cable is out"]}
    assert plane.ask("ports")[mine["port_id"]]["error"] == "a cable is out"
    plane.plane.works()
    assert plane.ask("apply", scopes=[scope]) == {HERE: [3, ""]}


def test_a_plane_fails_as_it_is_configured():
    CONF.set_override("network_error", "no more bridges", "fake")
    try:
        with pytest.raises(PlaneFails, match="no more bridges"):
            FakePlane(CONF).plug([], types.SimpleNamespace(id="s"))
    finally:
        CONF.clear_override("network_error", "fake")


def test_extensions_are_those_of_which_the_plane_is_capable(monkeypatch):
    def offered():
        return {each["alias"] for each in discovery.Discovery(types.SimpleNamespace(
            capabilities=capabilities.PLANES["fake"])).extensions(None)["extensions"]}
    assert offered() == set(extensions.EXTENSIONS)
    assert set(extensions.NEEDS.values()) <= set(capabilities.Capability)
    monkeypatch.setitem(capabilities.PLANES, "fake", frozenset())
    assert set(extensions.EXTENSIONS) - offered() == set(extensions.NEEDS) and offered()
