"""The scheduler over its database: what it reads and when, what it claims, what it keeps of why."""

import datetime

import pytest
import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import scheduling, steps
from nova_lite.db.base import new_id, now
from nova_lite.db.models.servers import ComputeNode, Server
from nova_lite.objects import decision
from tests.api.test_statements import counted
from tests.scheduler_service import Placing


@pytest.fixture
def placing(database):
    return Placing()


def refused(placing, **values):
    with pytest.raises(exceptions.NoValidHost) as caught:
        placing.put(**values)
    return str(caught.value).removeprefix("No valid host was found. ")


def test_servers_spread_over_hosts_and_their_zone_counts(placing):
    for name, zone in (("a", None), ("b", None), ("c", "east")):
        placing.host(name, availability_zone=zone)
    assert [placing.put(availability_zone="nova") for _ in range(4)] == ["a", "b", "a", "b"]
    assert placing.put(availability_zone="east") == "c"


def test_a_refusal_gives_the_reasons_of_all_hosts_and_keeps_them(placing):
    placing.host("small", memory_mb=1024)
    placing.host("off", disabled=True)
    server = placing.server(memory_mb=900, availability_zone="east")
    with pytest.raises(exceptions.NoValidHost, match=r"2 hosts: 1 in another zone, 1 disabled\.$"):
        placing.place(server)
    kept = placing.decision(server)
    assert kept["chosen"] is None and decision.counted(kept) == "2 hosts: 1 in another zone, 1 disabled"
    assert [each[:2] for each in kept["refused"]] == [["small", "AvailabilityZoneFilter"], ["off", "ComputeFilter"]]


def test_a_refusal_lists_the_hosts_that_are_down(placing):
    placing.host("gone", last_seen_at=now() - datetime.timedelta(hours=1))
    placing.host("small", memory_mb=1)
    with pytest.raises(exceptions.NoValidHost) as caught:
        placing.put()
    assert caught.value.fields["down"] == ["gone"]


def test_the_step_of_a_refusal_is_in_the_journal(placing):
    server = placing.server()
    with pytest.raises(exceptions.NoValidHost):
        placing.place(server)
    with db.reader() as session:
        assert [step.name for step in steps.of(session, server[1])] == ["schedule"]


def test_asking_again_answers_the_same_host_and_claims_nothing_more(placing):
    for name in "ab":
        placing.host(name)
    server = placing.server()
    assert {placing.place(server) for _ in range(3)} == {"a"}
    assert [held["vcpus"] for _, held in placing.books().values()] == [1, 0]
    assert placing.decision(server)["chosen"] == "a"


def test_a_forced_host_is_claimed_though_it_is_down_in_another_zone_and_failed_before(placing):
    placing.host("a")
    placing.host("b", forced_down=True, availability_zone="east")
    forced = {"host": "B", "node": None, "forced": True, "excluded": ["b"]}
    assert placing.put(args=forced, extra_specs={"capabilities:none": "x"}) == "b"
    assert refused(placing, args=forced | {"forced": False, "excluded": []}) == "1 host: 1 down."
    assert placing.put(args={"host": None, "node": "a.example.org", "forced": False}) == "a"


@pytest.mark.parametrize(("column", "value", "reason"), [
    ("disabled", True, "1 host: 1 disabled."), ("vcpus_used", 4, "1 host: 1 lacks VCPUs (largest free 0, asked 1)."),
    ("memory_mb", 256, "1 host: 1 has too little memory (largest 256 MB, asked 512 MB).")])
def test_a_forced_host_must_be_enabled_and_have_capacity(placing, column, value, reason):
    placing.host("a", **{column: value})
    assert refused(placing, args={"host": "a", "node": None, "forced": True}) == reason


def test_a_forced_host_keeps_to_its_groups_policy(placing):
    placing.host("a")
    group = placing.group("anti-affinity")
    forced = {"host": "a", "node": None, "forced": True}
    assert placing.put(group_id=group, args=forced) == "a"
    assert refused(placing, group_id=group, args=forced) == "1 host: 1 used by its group already."


def test_a_policy_whose_filter_is_off_is_refused_rather_than_broken(placing, conf):
    placing.host("a")
    conf.set_override("enabled_filters", ["ComputeFilter"], "scheduler")
    assert refused(placing, group_id=placing.group("affinity")) == (
        "ServerGroup policy is not supported: ServerGroupAffinityFilter not configured")
    assert placing.put(group_id=placing.group("soft-affinity")) == "a"


def test_a_group_that_is_gone_is_no_group(placing):
    placing.host("a")
    assert placing.put(group_id="gone") == "a"


def test_a_lost_race_takes_the_next_host_and_says_so(placing, monkeypatch):
    for name in "ab":
        placing.host(name)
    real = scheduling.hosts

    def stale(session):
        rows = real(session)
        session.execute(sa.update(ComputeNode).where(ComputeNode.host == "a").values(vcpus_used=4))
        return rows
    monkeypatch.setattr(scheduling, "hosts", stale)
    server = placing.server()
    assert placing.place(server) == "b"
    assert decision.counted(placing.decision(server)) == "2 hosts: 1 fits, 1 was taken by others meanwhile"


def test_hosts_where_builds_failed_are_avoided_until_one_goes_well(placing):
    for name in "ab":
        placing.host(name)
    with db.writer() as session:
        scheduling.built(session, "a", well=False)
    assert [placing.put() for _ in range(3)] == ["b", "b", "b"]
    with db.writer() as session:
        scheduling.built(session, "a", well=True)
    assert placing.put() == "a"


def test_a_host_that_builds_already_waits_its_turn(placing):
    placing.host("a", vcpus=16)
    placing.host("b", vcpus=15)
    first = placing.server()
    assert placing.place(first) == "a"
    assert placing.put() == "b"                         # a builds the first, which outweighs its one CPU more
    with db.writer() as session:
        session.execute(sa.update(Server).values(vm_state="active", task_state=None))
        assert scheduling.io_ops(session) == {}


def test_hardware_and_aggregates_count_when_flavors_and_images_name_them(placing, conf):
    placing.host("a")
    placing.host("b", supported_instances=[["aarch64", "fake", "hvm"]])
    placing.aggregate({"fast": "yes"}, "b")
    assert placing.put(image_properties={"hw_architecture": "aarch64"}) == "b"
    assert placing.put(extra_specs={"capabilities:cpu_info:features": "<in> avx2"},
                       image_properties={"hw_architecture": "x86_64"}) == "a"
    conf.set_override("enabled_filters", ["AggregateInstanceExtraSpecsFilter"], "scheduler")
    assert placing.put(extra_specs={"fast": "yes"}) == "b"
    conf.set_override("enabled_filters", ["JsonFilter"], "scheduler")
    assert placing.put(scheduler_hints={"query": ['["=", "$host", "b"]']}) == "b"


def test_servers_that_hints_name_are_found(placing):
    for name in "ab":
        placing.host(name)
    first = placing.server()
    host = placing.place(first)
    other = {"a": "b", "b": "a"}[host]
    for _ in range(2):
        assert placing.put(scheduler_hints={"same_host": [first[0]]}) == host
        assert placing.put(scheduler_hints={"different_host": [first[0]]}) == other


@pytest.mark.parametrize("named", ["foreign", "unknown"])
def test_hints_treat_servers_of_other_projects_as_unknown(placing, named):
    for name in "ab":
        placing.host(name)
    foreign = placing.server(project_id="pb")
    placing.place(foreign)
    named = foreign[0] if named == "foreign" else new_id()
    assert refused(placing, scheduler_hints={"same_host": [named]}) == (
        "2 hosts: 2 without the servers it should be beside.")
    assert {placing.put(scheduler_hints={"different_host": [named]}) for _ in range(2)} == {"a", "b"}


def test_the_scheduler_reads_only_data_that_the_request_needs(placing):
    placing.host("a")
    servers = [placing.server() for _ in range(4)]

    def reads():
        with counted(db.session.engine()) as seen:
            placing.place(servers.pop())
        return [each for each in seen if each.startswith("SELECT")]
    assert len(reads()) == 3                # the operation, the server, the hosts
    placing.host("b")
    assert len(reads()) == 4                # two that would do are weighed by what is being built there
    placing.aggregate({}, "b")
    assert len(reads()) == 5                # and by what the aggregates say
    with counted(db.session.engine()) as seen:
        placing.place(servers.pop())
    assert len([each for each in seen if not each.startswith("PRAGMA")]) == 12


def test_an_unknown_filter_is_refused_as_a_value_of_its_option(conf):
    with pytest.raises(ValueError, match="NoSuchFilter"):
        conf.set_override("enabled_filters", ["NoSuchFilter"], "scheduler")
