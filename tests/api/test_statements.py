"""How many SQL statements each GET of every API costs: few, and no more when there is more to show."""

import contextlib

import pytest
import sqlalchemy as sa

from tests import whole_cloud
from tests.sample_resources import QOS_RULES
from tests.whole_cloud import whole  # noqa: F401

#: The most that any GET may need; what is asked a thousand times a minute is pinned below.
MOST = 4
PINNED = {"/compute/v2.1/servers": 1, "/compute/v2.1/servers/detail": 1, "/compute/v2.1/servers/{id}": 1,
          "/compute/v2.1/flavors/detail": 1}
ROUNDS = 3
#: Sums, settings and documents, and lists of which this cloud always has the same, or nothing.
FIXED = {
    "/servers/{server_id}/topology", "/extensions", "/limits", "/os-quota-sets/{id}/detail",
    "/os-quota-sets/{id}/defaults", "/os-availability-zone", "/os-hypervisors/statistics", "/os-simple-tenant-usage",
    "/servers/{server_id}/os-server-password", "/servers/{server_id}/os-volume_attachments",
    "/servers/{server_id}/shares", "/os-volumes", "/os-volumes/detail",
    "/os-snapshots", "/os-snapshots/detail",
    "/auth/tokens", "/auth/catalog", "/auth/projects", "/auth/domains", "/auth/system", "/roles/{id}/implies",
    "/role_inferences", "/regions", "/services", "/endpoints",
    "/images/{id}/file", "/images/{id}/tasks", "/schemas/image", "/schemas/images", "/schemas/member",
    "/schemas/members", "/info/import", "/info/stores", "/info/stores/detail", "/info/usage",
    "/", "/availability_zones", "/agents", "/service-providers", "/quotas/{project_id}/details",
    "/quotas/{project_id}/default", "/quotas/project", "/quotas/tenant", "/qos/rule-types",
    *(f"/qos/policies/{{policy_id}}/{each}_rules" for each in QOS_RULES)}
#: These look at more tables, each once.
MORE = {"/os-floating-ips": 7, "/os-floating-ips/{id}": 7, "/servers/{server_id}/os-security-groups": 8,
        "/quotas/{project_id}/details": 13,
        "/servers/{server_id}/os-interface": 5, "/servers/{server_id}/os-interface/{id}": 5,
        "/ports": 5, "/ports/{id}": 5,
        "/ports/{port_id}/bindings": 5, "/ports/{port_id}/bindings/{id}": 5,
        "/ports/{id}/tags": 5, "/ports/{id}/tags/{tag}": 5,
        "/projects/{target_id}/users/{user_id}/roles": 6, "/projects/{target_id}/users/{user_id}/roles/{role_id}": 7,
        "/domains/{target_id}/users/{user_id}/roles": 6, "/domains/{target_id}/users/{user_id}/roles/{role_id}": 7,
        "/system/users/{user_id}/roles": 5, "/system/users/{user_id}/roles/{role_id}": 5}
#: Success that is not 200; or what is asked for is nowhere in this cloud, or on a host, of which none answers.
ELSEWHERE = {
    **{f"/{kind}/{{id}}/tags/{{tag}}": (204,) for kind in (
        "networks", "subnets", "subnetpools", "ports", "routers", "floatingips", "security-groups",
        "qos/policies", "policies", "trunks",
        "segments")},
    "/servers/{server_id}/tags/{id}": (204,), "/projects/{target_id}/users/{user_id}/roles/{role_id}": (204,),
    "/domains/{target_id}/users/{user_id}/roles/{role_id}": (204,), "/system/users/{user_id}/roles/{role_id}": (204,),
    "/projects/{id}/tags/{value}": (204,),
    "/os-volumes/{id}": (404,), "/os-snapshots/{id}": (404,),
    "/os-baremetal-nodes": (501,), "/os-baremetal-nodes/{id}": (501,),
    "/os-hosts/{id}/startup": (501,), "/os-hosts/{id}/shutdown": (501,), "/os-hosts/{id}/reboot": (501,),
    "/os-hypervisors/{id}/uptime": (501,), "/os-console-auth-tokens/{id}": (400, 404),
    "/servers/{server_id}/diagnostics": (409,), "/servers/{server_id}/shares/{id}": (404,),
    "/servers/{server_id}/os-volume_attachments/{id}": (404,)}

#: Lists that are empty, and not refused, for others than administrators.
EMPTY_FOR_OTHERS = ("/network-ip-availabilities", "/segments")


def shown():
    """(service, route, microversion): every GET, in the first and the last version that has it."""
    for service, table in whole_cloud.TABLES.items():
        for route in table.ROUTES:
            if route.method != "GET" or route.target == "retired:gone":
                continue
            versions = {route.since or "2.1", route.until or "2.104"} if service == "compute" else {None}
            for version in sorted(versions, key=str):
                yield service, route, version


def named(asked):
    service, route, version = asked
    return f"{service} {route.path} {version or ''}".strip()


SHOWN = list(shown())
LISTS = [each for each in SHOWN if not each[1].path.endswith("}") and each[1].path not in FIXED | ELSEWHERE.keys()]


@contextlib.contextmanager
def counted(engine):
    """A list that grows by each statement but transactions' begin and end, settings of the connection, and the look for
    revoked tokens, which is once a second."""
    seen = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        words = statement.split()
        if words[0] not in ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA") and "identity_revocations" not in words:
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def answers(whole):  # noqa: F811
    """{(service, route, version): [(status, text, statements)] as there is more and more}"""
    found = {each: [] for each in SHOWN}
    for number in range(ROUNDS):
        if number:
            whole.sample_resources.more()
        whole.sample_resources.grants()
        for service, route, version in SHOWN:
            path = whole.path(service, route.path, version)
            # This fills what is kept, and shows whether it is for administrators only.
            refused = whole.send("GET", path, user="demo", version=version).status_int in (403, 404)
            user = "admin" if refused or path.endswith(EMPTY_FOR_OTHERS) else "demo"
            with counted(whole.engine) as seen:
                answer = whole.send("GET", path, user=user, version=version)
            found[service, route, version].append((answer.status_int, path, seen, len(answer.body)))
    return found


@pytest.mark.parametrize("asked", SHOWN, ids=named)
def test_a_get_costs_the_same_however_much_there_is(answers, asked):
    service, route, _ = asked
    for status, path, _, _ in answers[asked]:
        assert status in ELSEWHERE.get(route.path, (200,)), path
    costs = [len(seen) for _, _, seen, _ in answers[asked]]
    statements = "\n".join(answers[asked][-1][2])
    assert len(set(costs)) == 1, f"one more of everything costs more statements: {costs}\n{statements}"
    assert costs[0] <= MORE.get(route.path, MOST), statements
    assert costs[0] == PINNED.get(whole_cloud.ROOTS[service] + route.path, costs[0]), statements


@pytest.mark.parametrize("asked", LISTS, ids=named)
def test_each_measured_list_is_longer_than_the_one_before(answers, asked):
    lengths = [length for _, _, _, length in answers[asked]]
    assert lengths == sorted(set(lengths)), f"so nothing is said of what a longer list costs: {lengths}"
