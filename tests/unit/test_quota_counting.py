"""Quota is counted under a lock: of many who come at once, as many get in as there is room for."""

import threading

import pytest

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import new_servers, quotas
from nova_lite.db.base import new_id

FLAVOR = {"flavorid": "42", "name": "m1.nano", "vcpus": 2, "memory_mb": 100, "root_gb": 1, "ephemeral_gb": 0,
          "swap_mb": 0, "extra_specs": {}}


def row(project_id="pa"):
    return {"id": new_id(), "project_id": project_id, "user_id": "u", "display_name": "x", "hostname": "x",
            "vm_state": "building", "flavor": FLAVOR}


def take(count=1, project_id="pa"):
    with db.writer() as session:
        allowed = quotas.reserve(session, project_id, count, count, FLAVOR)
        new_servers.insert(session, [row(project_id) for _ in range(allowed)])
    return allowed


def test_racing_requests_never_exceed_the_limit(database, conf):
    conf.set_override("instances", 3, "quota")
    won, lost = [], []

    def come():
        try:
            won.append(take())
        except exception.OverQuota as error:
            lost.append(str(error))

    threads = [threading.Thread(target=come) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(won), len(lost)) == (3, 5)
    assert set(lost) == {"Quota exceeded for instances: Requested 1, but already used 3 of 3 instances"}


def test_each_resource_counts_and_deleted_servers_do_not(database, conf):
    conf.set_override("cores", 4, "quota")
    assert take(2) == 2
    with pytest.raises(exception.OverQuota) as refused:
        take()
    assert (refused.value.resource, refused.value.used, refused.value.limit) == ("cores", "4", "4")
    assert take(2, "pb") == 2
    with db.writer() as session:
        from nova_lite.db import servers
        for each in servers.find(session, {"project_id": "pa"}, [], limit=9):
            servers.update(session, each.id, deleted_at=each.created_at)
    assert take(2) == 2


def test_no_limit_means_no_counting(database, conf):
    for name in quotas.COUNTED:
        conf.set_override(name, -1, "quota")
    with db.writer() as session:
        assert quotas.reserve(session, "pa", 1, 500, FLAVOR) == 500


def test_a_projects_own_limit_wins_over_the_default(database):
    with db.writer() as session:
        quotas.write(session, "pa", {"instances": 1})
        quotas.write(session, "pa", {"instances": 2})
        assert quotas.reserve(session, "pa", 1, 5, FLAVOR) == 2
        quotas.forget(session, "pa")
        assert quotas.limits(session, "pa")["instances"] == 10
