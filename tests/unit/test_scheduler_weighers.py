"""Which of the hosts that will do is taken: each weigher, its multiplier, and what aggregates say of it."""

import pytest

from nova_lite.scheduler import weighers
from nova_lite.scheduler.request import Group
from tests.unit.scheduling import host, request


def order(*hosts, asked=None):
    return [each.host.name for each in weighers.rank(asked or request(), list(hosts))]


@pytest.mark.parametrize(("better", "worse"), [
    ({"memory_mb_used": 0}, {"memory_mb_used": 4096}), ({"vcpus_used": 0}, {"vcpus_used": 4}),
    ({"disk_gb_used": 0}, {"disk_gb_used": 50}), ({"io_ops": 0}, {"io_ops": 3}),
    ({"failed_builds": 0}, {"failed_builds": 1}), ({"hypervisor_version": 8000000}, {"hypervisor_version": 7000000})])
def test_each_weigher_prefers_what_is_better(conf, better, worse):
    assert order(host("a", **worse), host("b", **better)) == ["b", "a"]


@pytest.mark.parametrize(("option", "rich", "poor"), [
    ("ram", {"memory_mb_used": 0}, {"memory_mb_used": 4096}), ("cpu", {"vcpus_used": 0}, {"vcpus_used": 4}),
    ("disk", {"disk_gb_used": 0}, {"disk_gb_used": 50}),
    ("hypervisor_version", {"hypervisor_version": 8000000}, {"hypervisor_version": 7000000})])
def test_a_negative_multiplier_turns_a_weigher_around(conf, option, rich, poor):
    conf.set_override(f"{option}_weight_multiplier", -1.0, "scheduler")
    assert order(host("a", **rich), host("b", **poor)) == ["b", "a"]


def test_servers_count_only_when_asked_for(conf):
    hosts = host("a", servers=9), host("b", servers=0)
    assert order(*hosts) == ["a", "b"] and "servers" not in weighers.needs(hosts)
    conf.set_override("num_instances_weight_multiplier", -1.0, "scheduler")
    assert order(*hosts) == ["b", "a"] and "servers" in weighers.needs(hosts)


def test_a_failed_build_outweighs_all_other_weights(conf):
    assert order(host("a", failed_builds=1, memory_mb_used=0), host("b", memory_mb_used=7000, vcpus_used=15)) == [
        "b", "a"]
    conf.set_override("build_failure_weight_multiplier", 0.0, "scheduler")
    assert order(host("a", failed_builds=1, memory_mb_used=0), host("b", memory_mb_used=7000, vcpus_used=15)) == [
        "a", "b"]


@pytest.mark.parametrize(("policy", "expected"), [("soft-affinity", ["b", "c", "a"]),
                                                  ("soft-anti-affinity", ["a", "c", "b"]),
                                                  ("affinity", ["a", "b", "c"])])
def test_soft_policies_draw_together_or_apart(conf, policy, expected):
    asked = request(group=Group(policy, {"b": 2, "c": 1}))
    assert order(host("a"), host("b"), host("c"), asked=asked) == expected


def test_weights_are_scaled_over_the_remaining_hosts_and_kept_by_weigher(conf):
    hosts = [host("a", memory_mb_used=7680 - 1000), host("b", memory_mb_used=7680 - 4000)]
    best, worst = weighers.rank(request(), hosts)
    assert best.host.name == "b" and best.parts["RAM"] == 1.0 and worst.parts["RAM"] == 0.25
    assert best.weight == sum(best.parts.values())


def test_a_single_host_is_not_weighed(conf):
    [only] = weighers.rank(request(), [host("a", io_ops=None)])
    assert (only.weight, only.parts) == (0, {})


def test_an_aggregate_sets_the_multiplier_of_its_hosts_the_smallest_of_several(conf):
    stacked = {"ram_weight_multiplier": "-5"}, {"ram_weight_multiplier": "3"}
    hosts = host("a", memory_mb_used=0, aggregates=stacked), host("b", memory_mb_used=1000)
    assert order(*hosts) == ["b", "a"]
    assert order(host("a", memory_mb_used=0, aggregates=({"ram_weight_multiplier": "x"},)), hosts[1]) == ["a", "b"]


def test_equal_hosts_go_by_name_or_by_chance(conf):
    hosts = [host(each) for each in "dcba"]
    assert {tuple(order(*hosts)) for _ in range(5)} == {("a", "b", "c", "d")}
    conf.set_override("shuffle_best_same_weighed_hosts", True, "scheduler")
    assert {order(*hosts)[0] for _ in range(200)} == set("abcd")


def test_the_first_is_one_of_the_best_so_many(conf):
    conf.set_override("host_subset_size", 2, "scheduler")
    hosts = [host(each, memory_mb_used=1000 * number) for number, each in enumerate("abcd")]
    assert {order(*hosts)[0] for _ in range(100)} == {"a", "b"}
    assert order(hosts[0]) == ["a"]
