"""Quota is counted under a lock: of many concurrent requests, as many succeed as fit."""

import threading

import pytest

from nova_lite import db
from nova_lite.common import context, exceptions
from nova_lite.db import new_servers, quota_usage, quotas, server_migrations
from nova_lite.db.base import new_id
from nova_lite.db.models.servers import QuotaUsage, Server
from nova_lite.objects.states import Task, Vm

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
        except exceptions.OverQuota as error:
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
    with pytest.raises(exceptions.OverQuota) as refused:
        take()
    assert (refused.value.resource, refused.value.used, refused.value.limit) == ("cores", "4", "4")
    assert take(2, "pb") == 2
    with db.writer() as session:
        from nova_lite.db import servers
        for each in servers.find(session, {"project_id": "pa"}, [], limit=9):
            servers.update(session, each.id, deleted_at=each.created_at)
    assert take(2) == 2


def test_resources_without_a_limit_are_not_counted(database, conf):
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


def test_the_sums_stay_few_however_many_servers_came(database, conf):
    conf.set_override("instances", -1, "quota")
    conf.set_override("cores", 1000, "quota")
    conf.set_override("ram", -1, "quota")
    for _ in range(120):
        take()
    with db.reader() as session:
        rows = session.query(QuotaUsage).filter_by(project_id="pa").count()
        assert rows <= quota_usage._MANY + 1
        assert quotas.usage(session, "pa") == {"instances": 120, "cores": 240, "ram": 12000}
        assert quotas.usage(session, "pa", "u") == quotas.usage(session, "pa")
        assert quotas.usage(session, "pa", "other") == {"instances": 0, "cores": 0, "ram": 0}


def test_rows_of_several_users_are_put_together_apart(database):
    with db.writer() as session:
        for number in range(quota_usage._MANY + 2):
            quota_usage.add(session, "pa", f"u{number % 2}", [1, 2, 3, 0, 0])
        quota_usage.put_together(session, "pa")
        assert session.query(QuotaUsage).count() == 2
        assert quotas.usage(session, "pa", "u0") == {"instances": 26, "cores": 52, "ram": 78}
        assert quota_usage.crowded(session, 10) == []


@pytest.mark.parametrize(("columns", "counts"), [
    ({}, [1, 2, 100, 0, 0]), ({"vm_state": Vm.SOFT_DELETED}, [0, 0, 0, 0, 0]),
    ({"vm_state": Vm.SOFT_DELETED, "task_state": Task.RESTORING}, [1, 2, 100, 0, 0]),
    ({"task_state": Task.RESIZE_PREP, "migration": {"old_flavor": FLAVOR, "new_flavor": {**FLAVOR, "vcpus": 8}}},
     [1, 2, 100, 6, 0]),
    ({"migration": {"old_flavor": FLAVOR, "new_flavor": {**FLAVOR, "vcpus": 8}}}, [1, 2, 100, 0, 0]),
    ({"task_state": Task.RESIZE_REVERTING, "migration": {"old_flavor": {**FLAVOR, "memory_mb": 900}}},
     [1, 2, 100, 0, 800]), ({"flavor": {"vcpus": "many"}}, [1, 0, 0, 0, 0])])
def test_a_server_counts_for_what_it_is_or_may_become(database, columns, counts):
    take()
    with db.writer() as session:
        server = session.query(Server).one()
        columns = {**columns}
        if migration := columns.pop("migration", None):
            columns["migration_id"] = server_migrations.record(
                session, context.admin(), server, kind="resize", status="migrating", **migration)
        for name, value in columns.items():
            setattr(server, name, value)
        session.flush()
        quota_usage.count(session, server.id)
        assert list(quota_usage.sums(session, "pa").values()) == counts
        quota_usage.count(session, server.id)           # again: nothing more
        assert list(quota_usage.sums(session, "pa").values()) == counts
