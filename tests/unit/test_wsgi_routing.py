"""URL tables: what matches, and that requests leave nothing in them."""

import gc

import pytest

from nova_lite.api.wsgi.routing import Action, Route, Table


class Thing:
    def method(self, req, **arguments):
        return arguments


def table(*paths):
    return Table([Route("GET", path, "thing:method") for path in paths], [Action("os-stop", "thing:method")],
                 {"thing": Thing()})


@pytest.mark.parametrize("path, expected", [
    ("/servers", ("/servers", {})), ("/servers/detail", ("/servers/detail", {})),
    ("/servers/a.b", ("/servers/{id}", {"id": "a.b"})), ("/servers/x/action", ("/servers/{id}/action", {"id": "x"})),
    ("/servers/x/os-interface/y", ("/servers/{server_id}/os-interface/{id}", {"server_id": "x", "id": "y"})),
    ("/servers/", None), ("/servers/x/", None), ("/servers/x/y", None), ("/", None), ("/nowhere", None),
    ("/serversx", None), ("//servers", None)])
def test_static_parts_win_however_they_were_declared(path, expected):
    made = table("/servers/{id}", "/servers/{server_id}/os-interface/{id}", "/servers/detail", "/servers")
    assert made.match(path) == expected


@pytest.mark.parametrize("path, expected", [
    ("/abc/servers", ("abc", "/servers")), ("/88fdb491-f8/servers/detail", ("88fdb491-f8", "/servers/detail")),
    ("/servers/abc", (None, "/servers/abc")), ("/xyz/servers", (None, "/xyz/servers")),
    ("/abc/nowhere", (None, "/abc/nowhere")), ("/abc", (None, "/abc"))])
def test_a_project_may_stand_before_the_resource(path, expected):
    assert table("/servers", "/servers/detail").split_project(path) == expected


@pytest.mark.slow
def test_requests_leave_nothing_in_the_table():
    """Not even one object a request; threads of other tests come and go meanwhile."""
    made = table("/servers/{id}")

    def size():
        gc.collect()
        return len(gc.get_objects())
    for number in range(100):
        made.match(f"/servers/{number}")
    before = size()
    for number in range(5000):
        made.match(f"/servers/other-{number}")
        made.match(f"/nowhere-{number}")
    assert size() - before < 5000


def test_a_target_that_is_not_there_is_found_at_start_up():
    with pytest.raises(AttributeError):
        Table([Route("GET", "/x", "thing:nothing")], (), {"thing": Thing()})
    with pytest.raises(KeyError):
        Table([Route("GET", "/x", "nobody:method")], (), {"thing": Thing()})
