"""Quotas under races on SQLite, PostgreSQL and MariaDB: as many concurrent requests succeed as fit.

The auditor agrees with what is counted, and finds nothing to complain about.
"""

import itertools
import types

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.compute.actions.keypairs import Keypairs
from nova_lite.conductor.auditor import Auditor
from nova_lite.db import images, new_servers, quotas, services
from nova_lite.db.base import new_id
from nova_lite.db.models import Base
from nova_lite.image.members import Members
from nova_lite.network import exceptions as network_exceptions
from tests.live import databases
from tests.live.databases import at_once
from tests.network_service import Service, context

_MANY = 8
FLAVOR = {"flavorid": "42", "name": "m1.nano", "vcpus": 2, "memory_mb": 100, "root_gb": 1, "ephemeral_gb": 0,
          "swap_mb": 0, "extra_specs": {}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def service(conf, url):
    with databases.connected(conf, url):
        yield Service()


def race(call, refused):
    """How many of many calls at once got in; the others were ``refused``."""
    results = at_once([call] * _MANY)
    strange = [each for each in results if isinstance(each, Exception) and not isinstance(each, refused)]
    assert strange == []
    return sum(not isinstance(each, Exception) for each in results)


def drift(service):
    found, _ = Auditor(service.facade, repair=False).examine()
    return [each for each in found if each.kind.startswith("quota")]


def test_quotas_of_servers_hold_under_concurrent_requests(service, conf):
    conf.set_override("cores", 6, "quota")

    def create():
        with db.writer() as session:
            count = quotas.reserve(session, "pa", 1, 1, FLAVOR)
            new_servers.insert(session, [row() for _ in range(count)])
    assert race(create, exceptions.OverQuota) == 3
    assert drift(service) == []


def row(**more):
    return {"id": new_id(), "project_id": "pa", "user_id": "u", "display_name": "x", "hostname": "x",
            "vm_state": "building", "flavor": FLAVOR, **more}


def test_quotas_count_ports_of_servers_that_are_not_built_yet(service, conf):
    network, _ = service.net()
    wanted = service.facade.validate(context(), [{"uuid": network["id"]}], 1)
    conf.set_override("quota_port", 3, "network")

    def create():
        with db.writer() as session:
            count = service.facade.reserve("pa", wanted, 1, 1)
            new_servers.insert(session, [row(requested_networks=wanted) for _ in range(count)])
    assert race(create, network_exceptions.PortLimitExceeded) == 3
    with db.reader() as session:
        waiting = session.execute(Base.metadata.tables["servers"].select()).all()
    for each in waiting:
        service.allocate(each.id)
    assert len(service.find("/ports")) == 3
    assert drift(service) == []


@pytest.mark.parametrize("kind", ["network", "subnet", "port", "security_group", "security_group_rule"])
def test_quotas_of_network_resources_hold_under_concurrent_requests(service, conf, kind):
    network, _ = service.net()
    group = service.find("/security-groups")[0]
    numbers = itertools.count(1)
    bodies = {
        "network": lambda number: {"name": "n"},
        "subnet": lambda number: {"network_id": network["id"], "cidr": f"10.9.{number}.0/24", "ip_version": 4},
        "port": lambda number: {"network_id": network["id"]},
        "security_group": lambda number: {"name": f"g{number}"},
        "security_group_rule": lambda number: {
            "security_group_id": group["id"], "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp",
            "port_range_min": number, "port_range_max": number}}
    path = f"/{kind.replace('_', '-')}s"
    present = len(service.find(path))
    conf.set_override(f"quota_{kind}", present + 3, "network")
    answers = at_once([lambda number=next(numbers): service.call("POST", path, {kind: bodies[kind](number)})
                       for _ in range(_MANY)])
    assert sorted(each.status_int for each in answers) == [201] * 3 + [409] * 5, [each.text for each in answers]
    assert len(service.find(path)) == present + 3
    assert drift(service) == []


def test_the_quota_of_image_members_holds_under_concurrent_requests(service, conf):
    conf.set_override("max_members", 3, "image")
    image = types.SimpleNamespace(id=new_id())
    numbers = itertools.count(1)
    with db.writer() as s:
        images.insert(s, {"id": image.id, "project_id": "pa", "name": "i", "status": "active", "visibility": "shared"})
    assert race(lambda: Members(None).add(image, f"p{next(numbers)}"), exceptions.TooLarge) == 3


def test_the_quota_of_keypairs_holds_under_concurrent_requests(service, conf):
    conf.set_override("key_pairs", 3, "quota")
    numbers = itertools.count(1)
    owner = types.SimpleNamespace(project_id="pa", user_id="u")

    key = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()

    def create():
        Keypairs().bring(owner, "u", f"k{next(numbers)}", "ssh", key)
    assert race(create, exceptions.KeypairLimitExceeded) == 3


def test_usage_is_counted_correctly_while_servers_are_created_and_deleted(service):
    """A look is one moment: it never sees a server counted and gone."""
    def churn():
        for _ in range(25):
            with db.writer() as session:
                made = new_servers.insert(session, [row(), row()])
            with db.writer() as session:
                services.gone(session, made[0].id)

    def look():
        return [found for _ in range(5) for found in drift(service) if found.kind == "quota_miscounted"]
    assert at_once([churn, churn, look])[2] == []
