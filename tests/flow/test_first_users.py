"""The first users and projects of a cloud, over restarts."""

import pytest

from tests import clouds


@pytest.fixture
def cloud(tmp_path):
    made = clouds.Cloud(clouds.Single(), tmp_path)
    try:
        yield made.start()
    finally:
        made.stop()


def test_users_and_projects_that_were_deleted_or_renamed_do_not_come_back_at_a_start(cloud):
    found = {kind: {each["name"]: each["id"] for each in cloud.get(f"/identity/v3/{kind}", user="admin").body[kind]}
             for kind in ("users", "projects")}
    assert cloud.delete(f"/identity/v3/users/{found['users']['demo']}", user="admin").status == 204
    assert cloud.delete(f"/identity/v3/projects/{found['projects']['demo']}", user="admin").status == 204
    assert cloud.request("PATCH", f"/identity/v3/projects/{found['projects']['service']}",
                         {"project": {"name": "ours"}}, user="admin").status == 200
    cloud.kill()
    cloud.start()
    assert [each["name"] for each in cloud.get("/identity/v3/users", user="admin").body["users"]] == ["admin"]
    names = {each["name"] for each in cloud.get("/identity/v3/projects", user="admin").body["projects"]}
    assert names == {"admin", "ours"}
