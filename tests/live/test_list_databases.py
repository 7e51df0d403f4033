"""Lists of servers with filters that are matched outside of SQL mean the same on SQLite, PostgreSQL and MariaDB."""

import pytest

from nova_lite import db
from nova_lite.db import servers
from nova_lite.db.models.servers import Server
from tests.live import databases

NAMES = {"web-1": ["red"], "WEB-22": ["red", "blue"], "Über": [], "db.one": ["blue"], "a%_/b": []}


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def url(request, new_database):
    return new_database(request.param)


@pytest.fixture
def filled(conf, url):
    """One server a name, in the order of NAMES."""
    flavor = {"flavorid": "42", "name": "m1.nano", "vcpus": 1, "memory_mb": 64, "root_gb": 1, "ephemeral_gb": 0,
              "swap_mb": 0, "extra_specs": {}}
    with databases.connected(conf, url), db.writer() as session:
        for number, (name, tags) in enumerate(NAMES.items()):
            session.add(Server(display_name=name, hostname="h", tags=tags, project_id="p", user_id="u", flavor=flavor,
                               launch_index=number,
                               addresses=[{"network": "n", "addr": f"10.0.0.{number + 1}", "version": 4}]))
        session.flush()
        session.commit()
        yield


@pytest.mark.parametrize(("filters", "names"), [
    ({"name": "^web-[0-9]+$"}, "web-1 WEB-22"), ({"name": "über"}, "Über"), ({"name": "^..\\.o"}, "db.one"),
    ({"name": "%_/"}, "a%_/b"), ({"name": "(a*)*b$"}, "a%_/b"), ({"name": "e", "tags": ["red"]}, "web-1 WEB-22"),
    ({"tags-any": ["blue"]}, "WEB-22 db.one"), ({"not-tags": ["red"]}, "Über db.one a%_/b"),
    ({"ip": "0.0.2"}, "WEB-22"), ({"ip": "^10.0.0.1$"}, "web-1"), ({"created_at": "^20[0-9]+-"}, " ".join(NAMES))])
def test_a_filter_finds_the_same_on_every_database(filled, filters, names):
    with db.reader() as session:
        found = servers.find(session, {**filters, "deleted": False}, [("launch_index", "asc")], limit=10)
    assert sorted(row.display_name for row in found) == sorted(names.split())


def test_a_page_of_matching_servers_keeps_its_order(filled):
    with db.reader() as session:
        page = servers.find(session, {"name": "[e.]", "deleted": False}, [("display_name", "desc")], limit=2)
        rest = servers.find(session, {"name": "[e.]", "deleted": False}, [("display_name", "desc")], limit=9,
                            marker=page[-1].id)
    names = [row.display_name for row in page + rest]
    assert len(names) == len({*names}) == 4
