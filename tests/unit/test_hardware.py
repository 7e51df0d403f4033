"""What flavors and images ask of hardware is checked as Nova checks it, and comes to what Nova makes of it."""

import json
import pathlib

import pytest

from nova_lite.common import exceptions, hardware
from nova_lite.common.hardware import numa, processors, topology

#: What Nova 34 answered to the creation of a server of 4 processors and 1024 MiB; null: it was accepted.
ANSWERS = [json.loads(line) for line in
           (pathlib.Path(__file__).parent.parent / "golden" / "hardware_answers.jsonl").read_text().splitlines()]


def requirements(specs=None, properties=None, vcpus=4, memory_mb=1024):
    return hardware.Requirements(vcpus, memory_mb, specs or {}, properties or {}, "small", "probe", "3f2c")


def refusal(*args, **sizes):
    try:
        hardware.check(requirements(*args, **sizes))
    except exceptions.BadRequest as error:
        return str(error)
    return None


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: json.dumps([case["extra_specs"], case["properties"]]))
def test_contradictions_that_nova_refuses_are_refused_with_its_messages(case):
    assert refusal(case["extra_specs"], case["properties"]) == case["refused"]


def test_the_recorded_answers_have_accepted_and_refused_requests():
    assert sum(case["refused"] is None for case in ANSWERS) > 40
    assert sum(case["refused"] is not None for case in ANSWERS) > 40


@pytest.mark.parametrize(("specs", "properties", "vcpus", "made"), [
    ({"hw:cpu_sockets": "2"}, {}, 4, (2, 2, 1)),
    ({"hw:cpu_cores": "4"}, {}, 4, (1, 4, 1)),
    ({"hw:cpu_threads": "2"}, {}, 4, (2, 1, 2)),
    ({"hw:cpu_max_sockets": "1"}, {}, 4, (1, 4, 1)),
    ({"hw:cpu_max_sockets": "1", "hw:cpu_max_cores": "2"}, {}, 4, (1, 2, 2)),
    ({"hw:cpu_sockets": "1", "hw:cpu_cores": "2", "hw:cpu_threads": "2"}, {}, 4, (1, 2, 2)),
    ({"hw:cpu_sockets": "4"}, {"hw_cpu_cores": "2"}, 4, (2, 2, 1)),
    ({"hw:cpu_sockets": "4"}, {"hw_cpu_max_sockets": "2"}, 4, (2, 2, 1)),
    ({"hw:cpu_sockets": "3"}, {}, 4, (4, 1, 1)),
    ({"hw:cpu_max_threads": "1"}, {}, 7, (7, 1, 1))])
def test_processors_are_cut_as_nova_cuts_them(specs, properties, vcpus, made):
    assert topology.best(requirements(specs, properties, vcpus)) == topology.Topology(*made)


def test_a_flavor_without_a_topology_gets_none():
    assert topology.best(requirements({"hw:watchdog_action": "reset"})) is None


def test_limits_that_cannot_hold_the_processors_are_refused():
    with pytest.raises(exceptions.BadRequest, match="impossible to satisfy for vcpus count 4"):
        topology.best(requirements(
            dict.fromkeys(("hw:cpu_max_sockets", "hw:cpu_max_cores", "hw:cpu_max_threads"), "1")))


def test_memory_and_processors_are_shared_out_evenly_or_as_said():
    assert numa.cells(requirements({"hw:numa_nodes": "2"})) == (
        numa.Cell(frozenset({0, 1}), 512), numa.Cell(frozenset({2, 3}), 512))
    said = {"hw:numa_nodes": "2", "hw:numa_cpus.0": "0,2-3", "hw:numa_cpus.1": "1", "hw:numa_mem.0": "768",
            "hw:numa_mem.1": "256"}
    assert numa.cells(requirements(said)) == (numa.Cell(frozenset({0, 2, 3}), 768), numa.Cell(frozenset({1}), 256))
    assert numa.cells(requirements({"hw:mem_page_size": "large"})) == (numa.Cell(frozenset(range(4)), 1024),)
    assert numa.cells(requirements({"hw:cpu_cores": "2"})) == ()


@pytest.mark.parametrize(("specs", "pinned"), [
    ({"hw:cpu_policy": "dedicated"}, {0, 1, 2, 3}), ({"resources:PCPU": "4"}, {0, 1, 2, 3}),
    ({"hw:cpu_policy": "mixed", "hw:cpu_dedicated_mask": "^0"}, {1, 2, 3}),
    ({"hw:cpu_policy": "mixed", "hw:cpu_realtime": "yes", "hw:cpu_realtime_mask": "2-3"}, {2, 3}),
    ({"hw:cpu_policy": "shared"}, set()), ({"resources:VCPU": "2"}, set())])
def test_which_processors_are_dedicated(specs, pinned):
    assert processors.dedicated(requirements(specs)) == pinned


@pytest.mark.parametrize("specs", [
    {"resources:PCPU": "3"}, {"resources:PCPU": "4", "resources:VCPU": "4"},
    {"resources:PCPU": "4", "hw:cpu_policy": "dedicated"}, {"resources:PCPU": "4", "hw:emulator_threads_policy":
                                                            "isolate"},
    {"hw:cpu_policy": "dedicated", "hw:cpu_thread_policy": "require", "trait:HW_CPU_HYPERTHREADING": "forbidden"}])
def test_mixed_ways_to_request_processors_are_refused(specs):
    assert refusal(specs)


@pytest.mark.parametrize("properties", [
    {"hw_numa_nodes": "1", "hw_numa_cpus.0": "0-99999999999", "hw_numa_mem.0": "1024"},
    {"hw_numa_nodes": "9" * 5000}, {"hw_serial_port_count": "9" * 5000}, {"hw_numa_nodes": "\u00b2"},
    {"hw_numa_nodes": "1", "hw_numa_cpus.0": "0-3", "hw_numa_mem.0": "9" * 5000}])
def test_huge_numbers_are_refused_at_once(properties):
    assert refusal({}, properties)


@pytest.mark.parametrize("specs", [{"hw:mem_page_size": "9" * 5000}, {"hw:mem_page_size": "\u00b2"}])
def test_sizes_that_are_no_numbers_are_refused(specs):
    assert refusal(specs)
    assert refusal({"resources:PCPU": "\u00b2"}) is None           # as in Nova, somebody else's error


@pytest.mark.parametrize(("specs", "properties", "size"), [
    ({"hw:mem_page_size": "2MB"}, {}, 2048), ({"hw:mem_page_size": "1GB"}, {}, 1 << 20),
    ({"hw:mem_page_size": "large"}, {"hw_mem_page_size": "2048"}, 2048), ({"hw:mem_page_size": "any"}, {}, "any")])
def test_page_sizes_are_kib_or_words(specs, properties, size):
    assert numa.page_size(requirements(specs, properties)) == size
