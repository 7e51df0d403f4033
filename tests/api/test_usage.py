"""What projects used, and the log of what was counted."""

import datetime

import pytest

DAY = datetime.datetime(2026, 11, 20)
SPAN = "start=2026-11-20T00:00:00&end=2026-11-21T00:00:00"


def ran(cloud, begin, end=None, **rest):
    """A server that ran from one hour of the day to another (None: it runs yet)."""
    server = cloud.make(**rest)
    ended = {} if end is None else {"terminated_at": DAY + datetime.timedelta(hours=end),
                                    "deleted_at": DAY + datetime.timedelta(hours=end), "vm_state": "deleted"}
    cloud.settle(server, launched_at=DAY + datetime.timedelta(hours=begin), **ended)
    return server


def usages(cloud, query="", version="2.1"):
    return cloud.get(f"/os-simple-tenant-usage?{SPAN}{query}", user="admin", version=version)


def test_usage_sums_the_time_that_servers_ran_within_the_span(cloud):
    ran(cloud, -3, 2)
    ran(cloud, 1, 4)
    ran(cloud, 22)
    ran(cloud, -5, -1)
    ran(cloud, 25)
    (mine,) = usages(cloud)["tenant_usages"]
    assert mine == {"tenant_id": "pa", "total_hours": 7.0, "total_vcpus_usage": 7.0, "total_local_gb_usage": 7.0,
                    "total_memory_mb_usage": 7.0 * 64, "start": "2026-11-20T00:00:00.000000",
                    "stop": "2026-11-21T00:00:00.000000"}
    (detailed,) = usages(cloud, "&detailed=1")["tenant_usages"]
    assert sorted(each["hours"] for each in detailed["server_usages"]) == [2.0, 2.0, 3.0]
    states = {each["hours"]: (each["state"], each["ended_at"] is None) for each in detailed["server_usages"]}
    assert states[3.0] == ("terminated", False)
    shown = cloud.get(f"/os-simple-tenant-usage/pa?{SPAN}")["tenant_usage"]
    assert {**shown, "server_usages": 0} == {**mine, "server_usages": 0}
    one = next(each for each in shown["server_usages"] if each["hours"] == 3.0)
    assert (one["flavor"], one["name"], one["local_gb"], one["uptime"], one["started_at"]) == (
        "m1.nano", "one", 1, 3 * 3600, "2026-11-20T01:00:00.000000")


def test_a_span_never_reaches_into_the_future(cloud):
    ran(cloud, 0)
    shown = cloud.get("/os-simple-tenant-usage/pa?start=2026-11-20T00:00:00&end=2999-01-01T00:00:00")["tenant_usage"]
    assert shown["stop"] < "2999"
    assert shown["server_usages"][0]["uptime"] == pytest.approx(shown["server_usages"][0]["hours"] * 3600, abs=1)
    past = cloud.get(f"/os-simple-tenant-usage/pa?{SPAN}")["tenant_usage"]["server_usages"][0]
    assert past["hours"] == 24 and past["uptime"] >= shown["server_usages"][0]["uptime"]
    assert cloud.get("/os-simple-tenant-usage/pa?start=2020-01-01T00:00:00&end=2020-01-02T00:00:00") == {
        "tenant_usage": {}}


def test_projects_see_their_own_usage(cloud):
    assert cloud.refused("GET", "/os-simple-tenant-usage")[0] == 403
    assert cloud.refused("GET", "/os-simple-tenant-usage/pb")[0] == 403
    assert cloud.get("/os-simple-tenant-usage/pa", user="carl") == {"tenant_usage": {}}
    ran(cloud, 0)
    ran(cloud, 0, user="bob")
    assert [each["tenant_id"] for each in usages(cloud)["tenant_usages"]] == ["pa", "pb"]


@pytest.mark.parametrize(("query", "version", "message"), [
    ("start=2026-11-24T00:00:00&end=2026-11-23T00:00:00", "2.1",
     "Invalid start time. The start time cannot occur after the end time."),
    ("start=2026-11-24T00:00:00&end=2026-11-24T00:00:00", "2.1",
     "Invalid start time. The start time cannot occur after the end time."),
    ("start=xx", "2.1", "Invalid datetime string: Datetime is in invalid format"),
    ("marker=zz", "2.40", "Marker zz could not be found."),
    ("x=1", "2.75", "Additional properties are not allowed ('x' was unexpected)")])
def test_an_invalid_query_for_usage_is_refused(cloud, query, version, message):
    assert cloud.refused("GET", f"/os-simple-tenant-usage?{query}", user="admin", version=version) == (400, message)


def test_usage_has_pages_of_servers(cloud):
    made = {ran(cloud, 0, 1) for _ in range(3)}
    path, seen = f"/os-simple-tenant-usage/pa?{SPAN}&limit=2", []
    while path:
        page = cloud.get(path, version="2.40")
        seen += [each["instance_id"] for each in page["tenant_usage"].get("server_usages", [])]
        links = page.get("tenant_usage_links")
        path = links and links[0]["href"].partition("/compute/v2.1")[2]
    assert (set(seen), seen) == (made, sorted(made))
    assert "tenant_usage_links" not in cloud.get(f"/os-simple-tenant-usage/pa?{SPAN}&limit=2")
    assert usages(cloud, "&limit=0", "2.40") == {"tenant_usages": []}
    assert "tenant_usages_links" in usages(cloud, "&limit=1", "2.40")


def test_the_usage_audit_log_is_of_the_previous_month(cloud):
    shown = cloud.get("/os-instance_usage_audit_log/2026-11-23%2010:00:00", user="admin")
    assert shown == {"instance_usage_audit_log": {
        "period_beginning": "2026-10-01 00:00:00", "period_ending": "2026-11-01 00:00:00", "num_hosts": 1,
        "num_hosts_done": 0, "num_hosts_running": 0, "num_hosts_not_run": 1, "hosts_not_run": ["host-1"],
        "total_instances": 0, "total_errors": 0, "overall_status": "0 of 1 hosts done. 0 errors.", "log": {}}}
    assert set(cloud.get("/os-instance_usage_audit_log", user="admin")["instance_usage_audit_logs"]) == set(
        shown["instance_usage_audit_log"])
    first = cloud.get("/os-instance_usage_audit_log/2026-11-01%2000:00:00", user="admin")["instance_usage_audit_log"]
    assert (first["period_beginning"], first["period_ending"]) == ("2026-09-01 00:00:00", "2026-10-01 00:00:00")
    for text in ("x", "0001-01-01 00:00:00", "0001-12-31 00:00:00"):
        assert cloud.refused("GET", f"/os-instance_usage_audit_log/{text.replace(' ', '%20')}", user="admin") == (
            400, f"Invalid timestamp for date {text}")
    assert cloud.refused("GET", "/os-instance_usage_audit_log")[0] == 403
