"""The auditor of a host's network and image cache, and how it bears what cannot be mended; guests: test_audit.py."""

import hashlib
import inspect
import os
import types

import pytest

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conductor import auditor, host_audit, unplaced_guests
from nova_lite.conf import CONF
from nova_lite.db import audit
from nova_lite.db.base import new_id, now
from nova_lite.db.models.audit import Drift
from nova_lite.db.models.images import Image as ImageRow
from nova_lite.db.models.networks import Port
from nova_lite.db.models.servers import Server
from nova_lite.image import cache_survey
from nova_lite.image.cache import ImageCache
from nova_lite.image.embedded import sweep
from nova_lite.image.embedded.for_servers import ForServers
from nova_lite.objects.drift import KINDS
from nova_lite.objects.server import Image
from tests.unit.test_audit import (  # noqa: F401 - fixtures
    HOST,
    change,
    counters,
    house,
    network,
    of_server,
    remove,
    rows,
    server,
)

DATA = b"an image" * 1000
DIGEST = hashlib.sha512(DATA).hexdigest()


# ---- memory

def test_open_drift_stays_open_when_the_service_starts_anew(house):  # noqa: F811
    """The first look after a start is sure of nothing, and that proves nothing gone."""
    house.spawn(new_id())
    house.look()
    house.audit._suspects = frozenset()                 # as a new process has it
    house.look(1)
    assert [(row.kind, row.state, row.times) for row in rows(Drift)] == [("guest_unknown", "open", 1)]
    house.look(1)
    assert counters()["drift_found", "guest_unknown"] == 1


def test_drift_that_cannot_be_repaired_hides_no_other_drift(house, server):  # noqa: F811
    change(Server, Server.id == server.id, deleted_at=now())
    remove(Port, Port.server_id == server.id)
    house.driver.build.fails_with(exceptions.HypervisorError(reason="no"))
    found = house.look()
    assert not found["guest_orphaned"].repaired
    assert "Mending failed: " in found["guest_orphaned"].detail
    assert found["port_stray"].repaired
    house.driver.build.works()
    assert house.look(1)["guest_orphaned"].repaired


def test_hosts_repair_nothing_when_repair_is_off(house, server):  # noqa: F811
    CONF.set_override("repair", False, "audit")
    house.network.remembered.clear()
    assert not house.look(3)["port_unplugged"].repaired
    assert house.network.plugged == {}
    CONF.clear_override("repair", "audit")


# ---- network

def test_a_guest_that_is_left_alone_keeps_its_network(house, server):  # noqa: F811
    """Its server is elsewhere by the database: a person must say which guest is the true one."""
    change(Server, Server.id == server.id, host="h2")
    assert set(house.look(3)) == {"guest_elsewhere"}
    assert list(house.network.plugged.values()) == [server.id]
    house.driver.build.destroy(server.id)
    assert house.look()["port_stray"].repaired


def lease_of():
    with db.reader() as session:
        [(_, _, leases)] = audit.ports_of_host(session, HOST).values()
    [lease] = leases
    return lease


def test_addresses_missing_in_dhcp_are_added(house, server):  # noqa: F811
    lease, port_id = lease_of(), next(iter(house.network.plugged))
    assert lease == f"{of_server(server).addresses[0]['mac']},{of_server(server).addresses[0]['addr']}"
    house.network.seen["leases"] = {lease: port_id}
    assert house.look() == {}
    house.network.seen["leases"] = {}
    plugged = []
    house.network.plug = lambda nics, owner: plugged.append((nics[0].port_id, owner.id))
    found = house.look()["lease_missing"]
    assert (found.repaired, found.subject, found.detail) == (True, port_id, f"{lease} of server {server.id}")
    assert plugged == [(port_id, server.id)]


def test_addresses_of_no_port_are_removed_from_dhcp(house):  # noqa: F811
    house.network.seen["leases"] = {
        lease_of(): next(iter(house.network.plugged)), "fa:16:3e:00:00:99,10.0.0.99": ""}
    healed = []
    house.network.heal = lambda: healed.append(True)
    assert house.look()["lease_stray"].repaired
    assert healed == [True]


def test_rules_that_another_program_changed_are_set_again(house):  # noqa: F811
    house.network.seen["altered"] = ["host"]
    healed = []
    house.network.heal = lambda: healed.append(True)
    found = house.look()["rules_altered"]
    assert (found.repaired, found.subject) == (True, "host")
    assert healed == [True]


def test_a_device_beside_its_bridge_is_put_back(house):  # noqa: F811
    tap = "tap" + next(iter(house.network.plugged))[:11]
    joined = []
    house.network.seen |= {"devices": [], "loose": [tap]}
    house.network.join = lambda device: not joined.append(device)
    assert house.look()["tap_loose"].repaired
    assert joined == [tap]
    house.network.seen["loose"] = []
    assert not house.look()["tap_missing"].repaired


# ---- the image cache

@pytest.fixture
def cache(house, server, tmp_path):  # noqa: F811
    """A cache with the one image that the server was made from."""
    CONF.set_override("reserved_mb", 0, "image")
    image_id = new_id()
    with db.writer() as session:
        session.add(ImageRow(id=image_id, project_id="project", name="i", status="active", disk_format="raw",
                             container_format="bare", size=len(DATA), os_hash_algo="sha512", os_hash_value=DIGEST))
    change(Server, Server.id == server.id, image_id=image_id)
    made = ImageCache()
    house.audit._images = made
    house.wire.facades.image = types.SimpleNamespace(
        describe=ForServers.describe, for_server=lambda _context, wanted: Image.make(
        id=wanted, name=None, disk_format="raw", size=len(DATA), virtual_size=len(DATA), checksum=DIGEST,
        hash_algo="sha512", min_disk=0, min_ram=0, properties={}, path=str(tmp_path / "stored"), url=None, token=None))
    (tmp_path / "stored").write_bytes(DATA)
    made.path = tmp_path / "cache" / "images" / f"{image_id}-{DIGEST[:16]}"
    made.path.write_bytes(DATA)
    house.driver.host.disks = lambda: {
        server.id: "" if made.path.exists() else f"{made.path}, on which its disk lies, is gone"}
    yield made
    CONF.clear_override("reserved_mb", "image")


def test_auditor_finds_no_drift_in_a_consistent_image_cache(house, cache):  # noqa: F811
    assert house.look(3) == {}


def test_a_base_that_is_gone_is_fetched_again(house, cache):  # noqa: F811
    cache.path.unlink()
    found = house.look()
    assert set(found) == {"image_missing"}
    assert (found["image_missing"].repaired, found["image_missing"].detail) == (True, "below 1 server(s)")
    assert cache.path.read_bytes() == DATA
    assert house.look() == {}


def test_a_base_that_is_gone_everywhere_is_listed(house, cache):  # noqa: F811
    cache.path.unlink()
    change(ImageRow, ImageRow.size > 0, status="deleted", deleted_at=now())
    found = house.look()
    assert (set(found), found["image_lost"].repaired) == ({"image_lost"}, False)


def test_a_server_may_lie_on_another_image_than_it_names(house, cache, server):  # noqa: F811
    """As after it was shelved and came back: what counts is what its disk says."""
    change(Server, Server.id == server.id, image_id=new_id())
    assert house.look(3) == {}
    house.driver.host.disks = lambda: {server.id: f"/elsewhere/{cache.path.name}, on which its disk lies, is gone"}
    assert set(house.look()) == {"disk_missing"}


@pytest.mark.parametrize("data", [DATA[:-1], b"other by" * 1000])
def test_a_damaged_image_goes_where_nobody_uses_it(house, cache, server, data):  # noqa: F811
    cache.path.write_bytes(data)
    assert not house.look(3)["base_damaged"].repaired
    assert cache.path.read_bytes() == data
    change(Server, Server.id == server.id, image_id=None)
    assert not house.look()["image_damaged"].repaired           # somebody may just have taken it to build on
    os.utime(cache.path, (1, 1))
    assert house.look()["image_damaged"].repaired
    assert not cache.path.exists()


def test_half_written_files_go_and_unknown_ones_stay(house, cache, tmp_path):  # noqa: F811
    half, foreign = tmp_path / "cache/images/incoming/x.1", tmp_path / "cache/images/notes.txt"
    for each in (half, foreign):
        each.write_bytes(b"x")
    assert house.look()["image_leftover"].repaired
    assert not half.exists()
    with cache._incoming.file("x"):
        found = house.look(3)
    assert (set(found), foreign.exists()) == ({"image_unknown"}, True)


def test_a_large_image_is_read_little_by_little(house, cache, monkeypatch):  # noqa: F811
    monkeypatch.setattr(cache_survey, "_BYTES", 3000)
    survey = cache_survey.CacheSurvey(cache)
    digests = [next(iter(survey.look()["images"].values()))[1] for _ in range(4)]
    assert digests == [None, None, DIGEST, DIGEST]


def test_every_kind_of_drift_is_found_by_a_check():
    """No kind is only a promise."""
    text = "".join(map(inspect.getsource, (auditor, host_audit, sweep)))
    composed = {f"{what}_{which}" for what in ("guest", "disk") for which in (
        unplaced_guests.ORPHANED, unplaced_guests.ELSEWHERE, unplaced_guests.UNKNOWN)}
    assert [kind for kind in KINDS if f'"{kind}"' not in text and kind not in composed] == []
