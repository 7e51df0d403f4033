"""What is shown of a decision: to tenants by counts and the nearest miss, to administrators host by host."""

from nova_lite.objects import decision as shown
from nova_lite.scheduler import explain, filters, weighers
from nova_lite.scheduler.request import Destination, Group
from tests.unit.scheduling import host, request

CHECKS = (("ComputeFilter", filters.compute.refuse), ("ComputeFilter", filters.always.disabled),
          ("AvailabilityZoneFilter", filters.always.zone), ("MEMORY_MB", filters.always.memory))


def decided(asked, hosts, chosen=None):
    good, refused = filters.sift(asked, hosts, CHECKS)
    return explain.decision(asked, chosen, weighers.rank(asked, good), refused)


def refused(asked, hosts):
    return filters.sift(asked, hosts, CHECKS)[1]


TWELVE = [*(host(f"full-{n}", memory_mb=16384, memory_mb_used=12800 + 100 * n) for n in range(7)),
          *(host(f"off-{n}", disabled=True, disabled_reason="fan") for n in range(3)),
          *(host(f"east-{n}", availability_zone="east") for n in range(2))]


def test_a_tenant_reads_counts_and_the_nearest_miss_and_no_name_of_a_host():
    text = explain.no_valid_host(request(memory_mb=8192, availability_zone="nova"), refused(
        request(memory_mb=8192, availability_zone="nova"), TWELVE))
    assert text == "12 hosts: 7 lack memory (largest free 3072 MB, asked 8192 MB), 3 disabled, 2 in another zone."


def test_a_single_host_is_spoken_of_as_one():
    assert explain.no_valid_host(request(memory_mb=8192), refused(request(memory_mb=8192), [host()])) == (
        "1 host: 1 lacks memory (largest free 6656 MB, asked 8192 MB).")


def test_a_cloud_without_hosts_says_how_to_get_one():
    assert "Start nova-lite-compute" in explain.no_valid_host(request(), [])


def test_a_named_host_that_there_is_not_is_named():
    asked = request(destination=Destination("nohost", "node", forced=True))
    assert explain.no_valid_host(asked, []) == "There is no compute host nohost with hypervisor node."


def test_an_administrator_sees_every_host_with_its_weight_or_reason(conf):
    asked = request(memory_mb=2048, vcpus=2, availability_zone="nova", group=Group("soft-affinity", {"b": 1}))
    kept = decided(asked, [host("a", memory_mb_used=5000), host("b"), *TWELVE[:1], *TWELVE[7:8], *TWELVE[10:11]], "b")
    assert shown.text(kept).splitlines() == [
        "Asked 2 VCPUs, 2048 MB, 1 GB in zone nova, group policy soft-affinity.",
        "5 hosts: 3 fit, 1 disabled, 1 in another zone.",
        "HOST    WEIGHT  WHY",
        "b         4.00  chosen  RAM +1.00  CPU +1.00  disk +1.00  SoftAffinity +1.00",
        "full-0    2.46  RAM +0.46  CPU +1.00  disk +1.00  SoftAffinity +0.00",
        "a         2.40  RAM +0.40  CPU +1.00  disk +1.00  SoftAffinity +0.00",
        "off-0        -  ComputeFilter: disabled (fan)",
        "east-0       -  AvailabilityZoneFilter: in another zone (in east, asked nova)"]


def test_a_refused_host_is_shown_with_the_numbers_of_its_reason(conf):
    asked = request(memory_mb=8192, destination=Destination("full-0", None, forced=True))
    assert shown.text(decided(asked, TWELVE[:1])).splitlines() == [
        "Asked 1 VCPU, 8192 MB, 1 GB on host full-0, forced.", "1 host: 1 lacks memory.", "HOST    WEIGHT  WHY",
        "full-0       -  MEMORY_MB: lacks memory (free 3072 MB, asked 8192 MB)"]


def test_a_kept_decision_is_bounded_and_counts_the_other_hosts(conf):
    conf.set_override("explained_hosts", 4, "scheduler")
    kept = decided(request(memory_mb=2048, availability_zone="nova"),
                   [host(f"h{n}") for n in range(5)] + TWELVE[7:], "h0")
    assert [each[0] for each in kept["weighed"]] == ["h0", "h1"] and len(kept["refused"]) == 2
    assert kept["hosts"] == 10 and kept["more"] == {"fit": 3, "disabled": 1, "in another zone": 2}
    assert shown.counted(kept) == "10 hosts: 5 fit, 3 disabled, 2 in another zone"
    assert shown.table(kept)[-1] == "and 2 more: in another zone"


def test_a_single_listed_host_is_the_chosen_one(conf):
    conf.set_override("explained_hosts", 1, "scheduler")
    kept = decided(request(), [host("a"), host("b"), *TWELVE], "a")
    assert [each[0] for each in kept["weighed"]] == ["a"] and kept["refused"] == []
