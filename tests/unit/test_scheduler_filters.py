"""Each filter of the scheduler, as a table of hosts and requests that do and do not fit."""

import datetime
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nova_lite.scheduler import filters, ratios
from nova_lite.scheduler.filters import (
    aggregate,
    always,
    busy,
    capabilities,
    cidr,
    compute,
    image_properties,
    isolated_hosts,
    json_query,
    matching,
    neighbours,
    server_group,
    traits,
)
from nova_lite.scheduler.request import Destination, Group
from tests.unit.scheduling import NOW, host, request


def fits(module_refuse, asked, at):
    return module_refuse(asked, at) is None


@pytest.mark.parametrize(("values", "ok"), [
    ({}, True), ({"forced_down": True}, False), ({"last_seen_at": None}, False),
    ({"last_seen_at": NOW - datetime.timedelta(seconds=61)}, False),
    ({"last_seen_at": NOW - datetime.timedelta(seconds=59)}, True)])
def test_compute_filter_wants_hosts_alive(values, ok):
    assert fits(compute.refuse, request(), host(**values)) is ok


def test_disabled_hosts_are_refused_with_the_operators_reason():
    assert always.disabled(request(), host()) is None
    assert always.disabled(request(), host(disabled=True, disabled_reason="fan")).detail == "fan"


@pytest.mark.parametrize(("asked", "has", "ok"), [
    (None, None, True), (None, "east", True), ("east", "east", True), ("nova", None, True), ("nova", "east", False),
    ("east", None, False)])
def test_hosts_outside_the_requested_zone_are_refused(asked, has, ok):
    assert fits(always.zone, request(availability_zone=asked), host(availability_zone=has)) is ok


def test_a_host_where_the_build_failed_is_not_tried_again():
    assert not fits(always.retry, request(excluded=frozenset({"one"})), host())
    assert fits(always.retry, request(excluded=frozenset({"two"})), host())


@pytest.mark.parametrize(("check", "asked", "reason"), [
    (always.vcpus, {"vcpus": 8}, None), (always.vcpus, {"vcpus": 9}, "have too few CPUs"),
    (always.memory, {"memory_mb": 6656}, None), (always.memory, {"memory_mb": 6657}, "lack memory"),
    (always.memory, {"memory_mb": 8193}, "have too little memory"),
    (always.disk, {"disk_gb": 90}, None), (always.disk, {"disk_gb": 91}, "lack disk"),
    (always.disk, {"disk_gb": 101}, "have too small disks")])
def test_a_host_without_enough_free_resources_is_refused(check, asked, reason):
    refusal = check(request(**asked), host())
    assert (refusal and refusal.reason) == reason


def test_virtual_cpus_are_shared_out_by_the_ratio_but_no_server_gets_more_than_there_are():
    assert fits(always.vcpus, request(vcpus=8), host(vcpus_used=8))
    assert always.vcpus(request(vcpus=8), host(vcpus_used=9)).detail == "free 7, asked 8"
    assert always.vcpus(request(vcpus=9), host(vcpus_used=0, cpu_allocation_ratio=16.0)).detail == "has 8, asked 9"


@pytest.mark.parametrize(("has", "wanted", "ok"), [
    ("1", "1", True), ("1", "2", False), ("", "", True), ("1.0", "== 1", True), ("2", "== 1", False),
    ("3", "= 2", True), ("1", "= 2", False), ("3", ">= 2", True), ("2", "<= 2", True), ("3", "<= 2", False),
    ("3", "!= 2", True), ("2", "!= 2", False), ("QEMU", "s== QEMU", True), ("KVM", "s== QEMU", False),
    ("KVM", "s!= QEMU", True), ("a", "s< b", True), ("b", "s<= b", True), ("c", "s> b", True), ("a", "s>= b", False),
    ("12311321", "<in> 11", True), ("12310321", "<in> 11", False),
    ("['aes', 'mmx', 'aux']", "<all-in> aes mmx", True), ("['aes', 'mmx']", "<all-in> aes sse", False),
    ("12", "<or> 11 <or> 12", True), ("13", "<or> 11 <or> 12", False), ("12", "<or> 12 <or>", True),
    ("many", "= 2", False), ("3", "= many", False), ("3", "=", False), ("3", "> 2", False), ("> 2", "> 2", True)])
def test_the_operators_of_extra_specs(has, wanted, ok):
    assert matching.matches(has, wanted) is ok


@pytest.mark.parametrize(("extra_specs", "ok"), [
    ({}, True), ({"capabilities:hypervisor_type": "QEMU"}, True), ({"capabilities:hypervisor_type": "s== KVM"}, False),
    ({"hypervisor_type": "KVM"}, False), ({"nothing_known": "KVM"}, True), ({"capabilities:nothing_known": "x"}, False),
    ({"capabilities:cpu_info:topology:sockets": ">= 2"}, True), ({"capabilities:cpu_info:arch": "arm"}, False),
    ({"capabilities:cpu_info:features": "<in> avx2"}, True), ({"capabilities:cpu_info:features:x": "1"}, False),
    ({"capabilities:cpu_info:features": "<all-in> avx2 avx9"}, False), ({"capabilities:free_ram_mb": ">= 6656"}, True),
    ({"hw:cpu_policy": "dedicated", "quota:cpu_shares": "1"}, True), ({"capabilities:num_instances": "<= 1"}, True),
    ({"hw:maxphysaddr_bits": "42"}, False)])
def test_hosts_without_the_requested_capabilities_are_refused(extra_specs, ok):
    assert fits(capabilities.refuse, request(extra_specs=extra_specs), host()) is ok


def test_capabilities_filter_needs_only_the_data_it_names():
    assert capabilities.needs(request(extra_specs={"hw:x": "1"})) is None
    assert capabilities.needs(request(extra_specs={"capabilities:vcpus_total": "1"})) == set()
    assert capabilities.needs(request(extra_specs={"capabilities:cpu_info:arch": "x"})) == {"hardware"}
    assert capabilities.needs(request(extra_specs={"num_io_ops": "= 1"})) == {"io_ops"}


@pytest.mark.parametrize(("properties", "ok"), [
    ({}, True), ({"hw_architecture": "x86_64"}, True), ({"hw_architecture": "AMD64"}, True),
    ({"architecture": "aarch64"}, False), ({"hw_architecture": "i386"}, True), ({"img_hv_type": "qemu"}, True),
    ({"img_hv_type": "kvm"}, False), ({"hw_vm_mode": "hvm"}, True), ({"vm_mode": "pv"}, False),
    ({"hw_architecture": "i686", "hw_vm_mode": "hv"}, True), ({"os_distro": "x"}, True),
    ({"img_hv_type": "qemu", "img_hv_requested_version": ">=7.0,<8"}, True),
    ({"img_hv_type": "qemu", "img_hv_requested_version": ">=8.0"}, False),
    ({"img_hv_type": "qemu", "img_hv_requested_version": ">=" + "9" * 5000}, False),
    ({"img_hv_type": "qemu", "img_hv_requested_version": "new"}, False)])
def test_hosts_that_cannot_run_the_image_are_refused(conf, properties, ok):
    asked = request(image_properties=properties)
    assert image_properties.needs(asked) is None or fits(image_properties.refuse, asked, host()) is ok
    assert ok or image_properties.needs(asked) == {"hardware"}


def test_images_without_architecture_have_the_configured_one(conf):
    conf.set_override("image_properties_default_architecture", "aarch64", "scheduler")
    assert not fits(image_properties.refuse, request(), host())
    assert fits(image_properties.refuse, request(), host(supported=[("aarch64", "qemu", "hvm")]))
    assert not fits(image_properties.refuse, request(), host(supported=[]))


@pytest.mark.parametrize(("placed", "ok"), [({}, True), ({"one": 3}, True), ({"two": 1}, False),
                                            ({"one": 1, "two": 1}, True)])
def test_affinity_accepts_only_hosts_of_the_group(placed, ok):
    assert fits(server_group.affinity, request(group=Group("affinity", placed)), host()) is ok


@pytest.mark.parametrize(("placed", "most", "ok"), [({}, 1, True), ({"one": 1}, 1, False), ({"one": 1}, 2, True),
                                                    ({"one": 2}, 2, False), ({"two": 5}, 1, True)])
def test_anti_affinity_limits_servers_of_the_group_per_host(placed, most, ok):
    assert fits(server_group.anti_affinity, request(group=Group("anti-affinity", placed, most)), host()) is ok


def test_soft_policies_refuse_nobody():
    for policy in ("soft-affinity", "soft-anti-affinity"):
        asked = request(group=Group(policy, {"two": 1}))
        assert server_group.needs_affinity(asked) is None and server_group.needs_anti_affinity(asked) is None


@pytest.mark.parametrize(("hints", "ok"), [
    ({"same_host": ["a"]}, True), ({"same_host": ["b"]}, False), ({"same_host": ["b", "a"]}, True),
    ({"same_host": ["gone"]}, False), ({"different_host": ["a"]}, False), ({"different_host": ["b"]}, True),
    ({"different_host": ["b", "a"]}, False), ({"different_host": ["gone"]}, True)])
def test_hosts_that_contradict_same_or_different_host_hints_are_refused(hints, ok):
    asked = request(hints=hints, neighbours={"a": "one", "b": "two"})
    check = neighbours.same if "same_host" in hints else neighbours.different
    assert fits(check, asked, host()) is ok


@pytest.mark.parametrize(("hints", "ok"), [
    ({"build_near_host_ip": ["10.0.0.9"]}, True), ({"build_near_host_ip": ["10.0.1.9"]}, False),
    ({"build_near_host_ip": ["10.0.1.9"], "cidr": ["/16"]}, True),
    ({"build_near_host_ip": ["10.0.0.9"], "cidr": ["/99"]}, False),
    ({"build_near_host_ip": ["2001:db8::1"], "cidr": ["/64"]}, False)])
def test_hosts_outside_the_network_of_build_near_host_ip_are_refused(hints, ok):
    assert fits(cidr.refuse, request(hints=hints), host()) is ok


@pytest.mark.parametrize(("query", "ok"), [
    ('[">=", "$free_ram_mb", 6656]', True), ('[">=", "$free_ram_mb", 6657]', False), ("[]", True),
    ('["and", [">=", "$vcpus_total", 8], ["=", "$hypervisor_type", "QEMU"]]', True),
    ('["or", ["<", "$vcpus_total", 8], ["=", "$host", "two"]]', False), ('["not", ["=", "$host", "two"]]', True),
    ('["and", ["not", ["=", "$host", "one"]]]', False),
    ('["in", "$host", "one", "two"]', True), ('["in", "$host", "two"]', False), ('["in", "$host"]', False),
    ('["=", "$cpu_info.topology.sockets", 2]', True), ('["=", "$cpu_info.no.such", 2]', False),
    ('["<=", "$num_io_ops", 0]', True), ('["=", 1]', False), (["=", "$host", "one"], True),
    ('{"not": "a list"}', False), ('["shoot", 1]', False), ("no json", False), ('["<", "$host", 3]', False),
    ("[" * 200 + "]" * 200, False), ('["and", ' * 100 + "1" + "]" * 100, False)])
def test_hosts_that_do_not_match_the_json_query_are_refused(query, ok):
    assert fits(json_query.refuse, request(hints={"query": [query]}), host()) is ok


@pytest.mark.parametrize(("images", "hosts", "strict", "expected"), [
    #                            isolated image, other image, at host one
    (["i"], ["one"], True, (True, False)), (["i"], ["one"], False, (True, True)),
    (["i"], ["two"], True, (False, True)), ([], ["one"], True, (False, False)), ([], ["one"], False, (True, True)),
    ([], [], True, (True, True)), (["i"], [], True, (False, True))])
def test_isolated_images_and_hosts_accept_only_each_other_unless_relaxed(conf, images, hosts, strict, expected):
    conf.set_override("isolated_images", images, "scheduler")
    conf.set_override("isolated_hosts", hosts, "scheduler")
    conf.set_override("restrict_isolated_hosts_to_isolated_images", strict, "scheduler")
    assert tuple(fits(isolated_hosts.refuse, request(image_id=each), host()) for each in ("i", "j")) == expected


@pytest.mark.parametrize(("check", "facts", "metadata", "ok"), [
    (busy.io_ops, {"io_ops": 7}, (), True), (busy.io_ops, {"io_ops": 8}, (), False),
    (busy.io_ops_by_aggregate, {"io_ops": 8}, (), False),
    (busy.io_ops_by_aggregate, {"io_ops": 8}, ({"max_io_ops_per_host": "9"},), True),
    (busy.io_ops_by_aggregate, {"io_ops": 8}, ({"max_io_ops_per_host": "9"}, {"max_io_ops_per_host": "8"}), False),
    (busy.io_ops_by_aggregate, {"io_ops": 7}, ({"max_io_ops_per_host": "many"},), True),
    (busy.servers, {"servers": 49}, (), True), (busy.servers, {"servers": 50}, (), False),
    (busy.servers_by_aggregate, {"servers": 2}, ({"max_instances_per_host": "2"},), False)])
def test_hosts_with_too_many_instances_or_io_operations_are_refused(conf, check, facts, metadata, ok):
    assert fits(check, request(), host(aggregates=metadata, **facts)) is ok


@pytest.mark.parametrize(("extra_specs", "metadata", "ok"), [
    ({}, (), True), ({"ssd": "true"}, (), False), ({"ssd": "true"}, ({"ssd": "true"},), True),
    ({"aggregate_instance_extra_specs:ssd": "true"}, ({"ssd": "false"},), False),
    ({"aggregate_instance_extra_specs:ssd": "<or> a <or> b"}, ({"ssd": "c, b"},), True),
    ({"aggregate_instance_extra_specs:n": ">= 3"}, ({"n": "2"}, {"n": "4"}), True),
    ({"hw:cpu_policy": "dedicated"}, (), True)])
def test_hosts_whose_aggregates_contradict_the_extra_specs_are_refused(extra_specs, metadata, ok):
    assert fits(aggregate.extra_specs, request(extra_specs=extra_specs), host(aggregates=metadata)) is ok


@pytest.mark.parametrize(("check", "metadata", "ok"), [
    (aggregate.flavor, (), True), (aggregate.flavor, ({"instance_type": "tiny, big"},), True),
    (aggregate.flavor, ({"instance_type": "big"},), False), (aggregate.tenants, (), True),
    (aggregate.tenants, ({"ssd": "true"},), True), (aggregate.tenants, ({"filter_tenant_id": "p"},), True),
    (aggregate.tenants, ({"filter_tenant_id": "q"},), False),
    (aggregate.tenants, ({"filter_tenant_id": "q"}, {"filter_tenant_id2": "r,p"}), True),
    (aggregate.images, (), True), (aggregate.images, ({"os_distro": "debian, fedora"},), True),
    (aggregate.images, ({"os_distro": "windows"},), False), (aggregate.images, ({"os_type": "windows"},), True)])
def test_aggregates_isolated_for_images_flavors_or_projects_refuse_others(conf, check, metadata, ok):
    asked = request(flavor_name="tiny", image_properties={"os_distro": "debian"})
    assert fits(check, asked, host(aggregates=metadata)) is ok


def test_images_are_compared_by_the_configured_word_alone(conf):
    conf.set_override("aggregate_image_properties_isolation_namespace", "own", "scheduler")
    at = host(aggregates=({"os_distro": "windows", "own.size": "big"},))
    assert fits(aggregate.images, request(image_properties={"os_distro": "debian"}), at)
    assert not fits(aggregate.images, request(image_properties={"own.size": "small"}), at)


@pytest.mark.parametrize(("extra_specs", "properties", "ok"), [
    ({"trait:HW_CPU_X86_AVX2": "required"}, {}, True), ({"trait:HW_CPU_X86_AVX512F": "required"}, {}, False),
    ({"trait:HW_CPU_X86_SSE4_1": "forbidden"}, {}, False), ({"trait:CUSTOM_FAST": "required"}, {}, True),
    ({"trait:CUSTOM_SLOW": "forbidden"}, {}, True), ({}, {"trait:CUSTOM_SLOW": "required"}, False),
    ({"resources:VCPU": "1"}, {}, True), ({"resources:CUSTOM_GOLD": "1"}, {}, False),
    ({"resources:CUSTOM_GOLD": "0"}, {}, True), ({"resources:PCPU": "1"}, {}, True)])
def test_hosts_without_the_requested_traits_and_resources_are_refused(extra_specs, properties, ok):
    at = host(aggregates=({"trait:CUSTOM_FAST": "required"},))
    assert fits(traits.refuse, request(extra_specs=extra_specs, image_properties=properties), at) is ok


def test_aggregates_set_ratios_where_their_filter_is_enabled():
    def free(names):
        at = host(aggregates=({"cpu_allocation_ratio": "3"}, {"cpu_allocation_ratio": "1.5",
                                                              "ram_allocation_ratio": "0.5"}))
        ratios.apply([at], names)
        return at.free_vcpus, at.free_memory_mb, at.free_disk_gb
    assert free(()) == (14, 6656, 90)
    assert free(("AggregateCoreFilter",)) == (10, 6656, 90)
    assert free(("AggregateCoreFilter", "AggregateRamFilter", "AggregateDiskFilter")) == (10, 2816, 90)


def test_the_configured_filters_are_asked_in_order_between_those_that_always_are(conf):
    asked = filters.of(request(extra_specs={"capabilities:x": "1"}), ("IoOpsFilter", "ComputeFilter", "JsonFilter",
                                                                      "ComputeCapabilitiesFilter", "RetryFilter"))
    assert [each.name for each, _ in asked] == [
        "RetryFilter", "ComputeFilter", "AvailabilityZoneFilter", "IoOpsFilter", "ComputeFilter",
        "ComputeCapabilitiesFilter", "VCPU", "MEMORY_MB", "DISK_GB"]


def test_a_forced_host_is_checked_only_for_being_enabled_and_its_capacity():
    asked = request(destination=Destination("one", None, forced=True), availability_zone="east",
                    extra_specs={"capabilities:x": "1"})
    assert [each.name for each, _ in filters.of(asked, ("ComputeFilter", "ComputeCapabilitiesFilter"))] == [
        "ComputeFilter", "VCPU", "MEMORY_MB", "DISK_GB"]


_TEXT = st.text(max_size=12) | st.sampled_from(["<in>", "= 1", "<or>", "s== QEMU", ">= x", "== nan", "1", "x86_64"])
_WORDS = st.sampled_from(["capabilities", "cpu_info", "topology", "free_ram_mb", "trait", "resources", "", "HW"])
_PATHS = st.lists(_WORDS | st.text(max_size=4), min_size=1, max_size=4).map(":".join)
_QUERY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXT
    | st.sampled_from(["=", "<", "in", "not", "and", "or", "$free_ram_mb", "$cpu_info.topology", "$", "$host.x"]),
    lambda each: st.lists(each, max_size=4) | st.dictionaries(_TEXT, each, max_size=2), max_leaves=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(specs=st.dictionaries(_PATHS, _TEXT, max_size=4), query=_QUERY, as_text=st.booleans(),
       properties=st.dictionaries(st.sampled_from(["hw_architecture", "img_hv_type", "img_hv_requested_version",
                                                   "hw_maxphysaddr_bits", "trait:X"]), _TEXT, max_size=3))
@pytest.mark.slow
def test_every_filter_answers_any_extra_specs_hints_and_properties(conf, specs, query, as_text, properties):
    query = json.dumps(query) if as_text else query
    asked = request(extra_specs=specs, image_properties=properties, hints={"query": [query]})
    at = host(cpu_info={"maxphysaddr": {"bits": 46}, "topology": {}},
              aggregates=({"free_ram_mb": "1", "filter_tenant_id": "p"},))
    for each, _ in filters.of(asked, tuple(sorted(filters.NAMES))):
        refusal = each.refuse(asked, at)
        assert refusal is None or refusal.reason
