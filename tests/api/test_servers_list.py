"""GET /servers and /servers/detail: filters, sorting, pages, and who sees what."""

import datetime

import pytest
from sqlalchemy import event

from tests import fresh_database
from tests.compute_service import IMAGE, NOWHERE

NETWORK = {"network": "private", "mac": "fa:16:3e:00:00:01", "version": 4, "type": "fixed"}


@pytest.fixture
def three(cloud):
    """alpha, beta and gamma, oldest first, of alice's project; bob has one named other."""
    def fill():
        made = {}
        for number, (name, state, tags) in enumerate((("alpha", "active", ["red"]), ("beta", "stopped", ["red", 'q"x']),
                                                      ("gamma", "error", []))):
            made[name] = cloud.make(name=name, vm_state=state, tags=tags, key_name=None, metadata={"n": str(number)})
            cloud.settle(made[name], vm_state=state, created_at=datetime.datetime(2026, 1, 1 + number),
                         addresses=[{**NETWORK, "addr": f"10.0.0.{number + 1}"}])
        cloud.make(name="other", user="bob")
        return made

    return fresh_database.filled("three servers", fill)


@pytest.mark.parametrize(("query", "names"), [
    ("", "gamma beta alpha"), ("?status=ACTIVE", "alpha"), ("?status=shutoff&status=ERROR", "gamma beta"),
    ("?status=HARD_REBOOT", ""), ("?name=a", "gamma beta alpha"), ("?name=^al", "alpha"), ("?name=TA$", "beta"),
    ("?name=^b.ta$", "beta"), ("?name=^(alpha|gamma)$", "gamma alpha"), ("?name=a%25", ""), ("?name=.*m.*", "gamma"),
    ("?flavor=42", "gamma beta alpha"), ("?flavor=7", ""), (f"?image={IMAGE}", "gamma beta alpha"),
    (f"?image={NOWHERE}", ""), ("?ip=10.0.0.2", "beta"), ("?ip=^10.0.0.$", ""), ("?ip=0.0.", "gamma beta alpha"),
    ("?ip=fa:16", ""), ("?ip6=10.0.0.2", "beta"), ("?tags=red", "beta alpha"), ('?tags=red,q"x', "beta"),
    ("?tags=x", ""), ("?tags-any=red,blue", "beta alpha"), ("?not-tags=red", "gamma"), ('?not-tags=red,q"x',
                                                                                        "gamma alpha"),
    ("?not-tags-any=red", "gamma"), ("?locked=false", "gamma beta alpha"), ("?locked=true", ""),
    ("?power_state=1", "gamma beta alpha"), ("?vm_state=error", "gamma"), ("?limit=2", "gamma beta"), ("?limit=0", ""),
    ("?availability_zone=mars", ""), ("?progress=0", "gamma beta alpha"), ("?key_name=k", ""),
    ("?sort_key=display_name&sort_dir=asc", "alpha beta gamma"),
    ("?sort_key=vm_state&sort_dir=asc", "alpha gamma beta"),
    ("?" + "sort_key=display_name&sort_key=uuid&" * 400 + "sort_dir=asc&limit=2", "alpha beta"),
    ("?sort_key=power_state&sort_key=display_name&sort_dir=asc&sort_dir=desc", "gamma beta alpha"),
    ("?changes-since=2027-01-01T00:00:00Z", ""), ("?changes-since=2020-01-01T00:00:00Z", "gamma beta alpha"),
    ("?changes-before=2020-01-01T00:00:00Z", ""), ("?hostname=beta", "beta"), ("?reservation_id=nope", "")])
def test_filters_and_sorting(cloud, three, query, names):
    assert cloud.names(query, version="2.90") == names.split()


@pytest.mark.parametrize("pattern", ["(a|a)*(a|a)*(a|a)*(a|a)*x", "(a?){200}b", "(?:a%2B|b)%2B$|(a*)*c"])
def test_a_pattern_that_would_keep_a_backtracking_engine_busy_is_answered(cloud, three, pattern):
    cloud.call("PUT", f"/servers/{three['alpha']}", {"server": {"name": "a" * 250}})
    assert cloud.call("GET", f"/servers?name={pattern}").status_int == 200


@pytest.mark.parametrize("pattern", ["x" * 300, r"(a)\1", "(?=a)b", "(?%3C!a)b", "(x{100}){100}"])
def test_a_pattern_that_re2_does_not_support_is_refused_with_a_reason(cloud, pattern):
    status, message = cloud.refused("GET", f"/servers?name={pattern}")
    assert status == 400
    assert "RE2" in message or "255 are allowed" in message


@pytest.mark.parametrize(("query", "names"), [
    ("?name=^(al|be)", "beta alpha"), ("?name=A$", "gamma beta alpha"), ("?name=^.{4}$", "beta"),
    ("?name=^.{5}$&limit=1", "gamma"), ("?name=[tm]a$&tags-any=red,blue", "beta"), ("?name=(%3Fi)ALPHA", "alpha")])
def test_regular_expressions_and_tags_are_matched_together(cloud, three, query, names):
    assert cloud.names(query, version="2.90") == names.split()


def test_a_page_with_a_regular_expression_begins_after_its_marker(cloud, three):
    first = cloud.get("/servers?name=^.*a$&limit=1")["servers"][0]["id"]
    assert cloud.names(f"?name=^.*a$&limit=1&marker={first}") == ["beta"]


def test_a_sort_key_counts_once_however_often_it_is_named(cloud, three):
    """The condition of a next page grows with the square of the keys."""
    first = cloud.get("/servers?limit=1&sort_key=display_name&sort_dir=asc")["servers"][0]["id"]
    many = "sort_key=display_name&sort_dir=asc&" * 400
    assert cloud.names(f"?{many}marker={first}") == ["beta", "gamma"]


@pytest.mark.parametrize("name", ["tags", "tags-any", "not-tags", "not-tags-any"])
def test_a_filter_names_no_more_tags_than_a_server_has(cloud, three, name):
    tags = ",".join(f"t{number}" for number in range(50))
    assert cloud.call("GET", f"/servers?{name}={tags}", version="2.26").status_int == 200
    assert cloud.refused("GET", f"/servers?{name}={tags},one", version="2.26") == (
        400, "A filter may name 50 tags at most.")


@pytest.mark.parametrize("pattern", ["(" * 200, "a{99999999999999999999}"])
def test_a_regular_expression_that_cannot_be_read_is_refused(cloud, pattern):
    assert cloud.refused("GET", f"/servers?name={pattern}")[0] == 400


def test_users_see_their_project_whatever_they_ask(cloud, three):
    for query in ("?project_id=pb", "?tenant_id=pb", "?host=host-1", "?user_id=bob", "?_x=1", "?metadata=x"):
        assert cloud.names(query, version="2.1") == ["gamma", "beta", "alpha"]
    assert cloud.names(user="bob") == ["other"]
    assert cloud.refused("GET", "/servers?all_tenants=1")[0] == 403
    assert cloud.refused("GET", "/servers/detail?all_tenants=1")[0] == 403


def test_administrators_see_all_projects_when_they_ask(cloud, three):
    assert cloud.names(user="admin") == []
    assert sorted(cloud.names("?all_tenants=1", user="admin")) == ["alpha", "beta", "gamma", "other"]
    assert cloud.names("?all_tenants=1&tenant_id=pb", user="admin") == ["other"]
    assert cloud.names("?all_tenants=true&host=host-2", user="admin") == []
    assert cloud.names("?all_tenants&user_id=bob", user="admin") == ["other"]


@pytest.mark.parametrize("name", ["_x", "metadata"])
def test_an_unknown_filter_of_servers_is_refused(cloud, name):
    assert cloud.refused("GET", f"/servers?{name}=1", user="admin") == (400, f"Invalid filter field: {name}.")


def test_users_may_not_sort_by_host(cloud):
    assert cloud.refused("GET", "/servers?sort_key=host")[0] == 403
    assert cloud.names("?sort_key=host", user="admin") == []


@pytest.mark.parametrize("query", [
    "limit=1", "limit=1&sort_key=display_name&sort_dir=asc", "limit=1&sort_key=task_state",
    "limit=1&sort_key=launched_at&sort_key=locked_by&sort_dir=asc", "limit=2"])
def test_pages_show_everything_once(cloud, three, query):
    whole = cloud.names("?" + query.replace("limit=1", "limit=9").replace("limit=2", "limit=9"))
    seen, path = [], f"/servers?{query}"
    for _ in range(9):
        page = cloud.get(path)
        seen += [each["name"] for each in page["servers"]]
        links = page.get("servers_links")
        if not links:
            break
        assert links[0]["rel"] == "next"
        path = links[0]["href"].removeprefix("http://localhost:80/compute/v2.1")
    assert seen == whole
    assert sorted(seen) == ["alpha", "beta", "gamma"]


def test_a_marker_of_another_project_is_unknown(cloud, three):
    other = cloud.get("/servers", user="bob")["servers"][0]["id"]
    assert cloud.refused("GET", f"/servers?marker={other}") == (400, f"marker [{other}] not found")


def test_an_empty_marker_is_none(cloud, three):
    assert cloud.names("?marker=") == ["gamma", "beta", "alpha"]


def test_deleted_servers_show_only_to_administrators_who_ask(cloud, three):
    gone = three["gamma"]
    cloud.settle(gone, vm_state="deleted", deleted_at=datetime.datetime(2026, 2, 1), host=None)
    assert cloud.names() == ["beta", "alpha"]
    assert cloud.names("?deleted=true") == ["beta", "alpha"]
    assert cloud.refused("GET", "/servers?status=deleted") == (
        403, "Only administrators may list deleted instances")
    shown = cloud.get("/servers/detail?all_tenants=1&deleted=true", user="admin")["servers"]
    assert [(each["name"], each["status"]) for each in shown] == [("gamma", "DELETED")]
    assert "gamma" in cloud.names("?changes-since=2020-01-01T00:00:00Z")
    assert cloud.refused("GET", f"/servers/{gone}")[0] == 404


def test_a_list_of_any_length_and_a_show_are_one_statement_each(cloud, three, database):
    said = []

    def listen(connection, cursor, statement, parameters, context, executemany):
        if statement.lstrip().upper().startswith("SELECT"):
            said.append(statement)

    event.listen(database, "before_cursor_execute", listen)
    for path, user in (("/servers", "alice"), ("/servers/detail", "alice"), ("/servers/detail?all_tenants=1", "admin"),
                       (f"/servers/{three['beta']}", "alice"), (f"/servers/{three['beta']}", "admin")):
        said.clear()
        cloud.get(path, user=user, version="2.100")
        assert len(said) == 1, said


def test_pages_are_never_longer_than_the_limit_of_the_cloud(cloud, three, conf):
    conf.set_override("max_limit", 2, "compute_api")
    page = cloud.get("/servers?limit=1000")
    assert len(page["servers"]) == 2
    assert "servers_links" in page


@pytest.mark.parametrize("updated_at", ["2026-11-23 10:00:07.999999", "2026-11-23 10:00:07", None])
def test_a_servers_own_updated_finds_it_by_the_second_that_is_shown(cloud, updated_at):
    server = cloud.make()
    moment = updated_at and datetime.datetime.fromisoformat(updated_at)
    cloud.settle(server, updated_at=moment)
    shown = cloud.get(f"/servers/{server}")["server"]["updated"]

    def found(query):
        return cloud.names(f"?{query}", version="2.66")

    assert found(f"changes-since={shown}&changes-before={shown}") == ["one"]
    second = datetime.timedelta(seconds=1)
    shown = datetime.datetime.fromisoformat(shown.removesuffix("Z"))
    assert found(f"changes-before={(shown - second).isoformat()}Z") == []
    assert found(f"changes-since={(shown + second).isoformat()}Z") == []
