"""How many SQL statements a GET of the compute API costs: few, and no more when there is more to list."""

import contextlib
import re

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.api.compute import routes
from nova_lite.common import context
from nova_lite.db import aggregates, moves, operations
from nova_lite.db.base import now
from nova_lite.db.models.servers import ComputeNode, Flavor, Keypair, Service
from nova_lite.objects.states import OPERATIONS

#: The most that any GET may need; what is asked a thousand times a minute is pinned below.
MOST = 4
PINNED = {"/servers": 1, "/servers/detail": 1, "/servers/{id}": 1, "/flavors/detail": 1}
#: These answer without the database, or ask a host, of which there is none here.
ELSEWHERE = {"retired:gone", "guest:diagnostics"}
ROUTES = [route for route in routes.ROUTES if route.method == "GET" and route.target not in ELSEWHERE]


@contextlib.contextmanager
def counted(engine):
    """A list that grows by each statement but transactions' begin and end, and settings of the connection."""
    seen = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        if statement.split()[0] not in ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA"):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def more_of_everything(cloud, number):
    """One more server with its history, and one more of what else is listed."""
    alice = context.RequestContext("alice", "pa", ("member",))
    cloud.network.networks.create(alice, {"project_id": "pa", "name": f"n{number}"})
    cloud.network.security_groups.create(alice, {"project_id": "pa", "name": f"g{number}"})
    cloud.image_service.create(alice, {"name": f"i{number}", "status": "active", "visibility": "public",
                                       "properties": {"key": "value"}})
    group = cloud.call("POST", "/os-server-groups", {"server_group": {"name": f"g{number}", "policies": ["affinity"]}})
    server_id = cloud.make(name=f"s{number}", metadata={"key": "value"}, tags=["tag"],
                           hints={"group": group.json["server_group"]["id"]})
    with db.writer() as session:
        server = cloud.compute.servers.get(context.admin("req-list"), server_id)
        operation_id = operations.record(session, context.admin(), OPERATIONS["stop"], server_id, server)
        for step in ("one", "two"):
            operations.journal(session, operation_id, 0, step, host="host-1", seconds=15)
        session.execute(sa.insert(Flavor).values(flavorid=f"f{number}", name=f"f{number}", vcpus=1, memory_mb=1,
                                                 root_gb=1, extra_specs={"key": "value"}))
        session.execute(sa.insert(Keypair).values(user_id="alice", name=f"k{number}", fingerprint="", public_key=""))
        host = f"more-{number}"
        session.execute(sa.insert(Service).values(host=host, binary="nova-compute", topic="compute",
                                                  last_seen_at=now()))
        session.execute(sa.insert(ComputeNode).values(
            host=host, hypervisor_hostname=host, hypervisor_type="fake", hypervisor_version=1000, host_ip="127.0.0.1",
            vcpus=8, memory_mb=8192, disk_gb=100))
        made = aggregates.create(session, f"a{number}", {"key": "value"})
        aggregates.add_host(session, made, host)
        for kind, status in (("resize", "finished"), ("live-migration", "running")):
            moves.record(session, context.admin(), server, kind=kind, status=status)
    return server_id


def path_of(cloud, route, server_id):
    """The route's path with what exists filled in."""
    with db.reader() as session:
        request_id = operations.of_server(session, server_id)[-1].request_id
    node = cloud.get("/os-hypervisors", user="admin", version="2.88")["hypervisors"][0]["id"]
    image = cloud.get("/images")["images"][0]["id"]
    network = cloud.get("/os-networks")["networks"][0]["id"]
    group = cloud.get("/os-security-groups")["security_groups"][0]["id"]
    known = {
        "server_id": server_id, "servers": server_id, "os-volumes_boot": server_id, "flavor_id": "f1", "flavors": "f1",
        "image_id": image, "images": image, "hypervisors": node, "os-hypervisors": node, "os-keypairs": "k1",
        "os-quota-sets": "pa", "os-simple-tenant-usage": "pa", "os-quota-class-sets": "default",
        "os-extra_specs": "key", "metadata": "key", "tags": "tag", "extensions": "servers",
        "os-instance-actions": request_id,
        "migrations": "2", "os-hosts": "host-1", "os-networks": network, "os-tenant-networks": network,
        "os-instance_usage_audit_log": "2026-11-23%2010:00:00", "os-security-groups": group, "os-aggregates": "1",
        "os-server-groups": cloud.get("/os-server-groups")["server_groups"][0]["id"],
        **dict.fromkeys(("os-interface", "ips", "shares", "os-volumes", "os-snapshots", "os-baremetal-nodes",
                         "os-floating-ips", "os-console-auth-tokens", "os-volume_attachments"), "none")}

    def value(found):
        name = found.group(1)
        return known.get(name) or known[route.path[:found.start()].rstrip("/").rpartition("/")[2]]

    return re.sub(r"{(\w+)}", value, route.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.path} {route.since or ''}".strip())
def test_a_get_costs_the_same_however_much_there_is(cloud, database, route):
    version = route.until or "2.100"
    costs = []
    for number in range(1, 4):
        server_id = more_of_everything(cloud, number)
        path = path_of(cloud, route, server_id)
        cloud.call("GET", path, user="admin", version=version)
        with counted(database) as seen:
            answer = cloud.call("GET", path, user="admin", version=version)
        assert answer.status_int < 500 or answer.status_int == 501, answer.text
        costs.append(len(seen))
    assert len(set(costs)) == 1, f"one more of everything costs more statements: {costs}"
    assert costs[0] <= MOST, seen
    assert costs[0] == PINNED.get(route.path, costs[0]), seen
