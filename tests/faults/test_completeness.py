"""The matrix is complete: each operation, change, step, transition and message there is has been reached by some case.

What the code says is read from its source; what is reached, from calm runs.
"""

import ast
import functools
import inspect
import pathlib

import pytest

import nova_lite
from nova_lite.compute import manager as compute
from nova_lite.conductor.endpoints.audit import Audits
from nova_lite.conductor.endpoints.flows import Flows
from nova_lite.conductor.endpoints.hosts import Hosts
from nova_lite.conductor.endpoints.leases import Leases
from nova_lite.objects.states import OPERATIONS
from nova_lite.scheduler import manager as scheduler
from tests.faults import changes, matrix
from tests.faults.points import WALKED
from tests.faults.scenarios import REMOTE, asker, scenarios

ROOT = pathlib.Path(nova_lite.__file__).parent
#: Messages that no calm run sends, and where they are tried.
ELSEWHERE = {
    "conductor.host_stopped": "cases that stop a host (stop@...)",
    "conductor.hypervisor_away": "tests/faults/real, where libvirtd is stopped",
    "conductor.audit_host": "tests/unit/test_audit.py; the auditor is off here, for it would mend what must not break",
    "conductor.drift_seen": "tests/unit/test_audit.py",
    "conductor.images_in_use": "asked once an hour",
    "compute.audit": "tests/unit/test_audit.py",
    "compute.get_console_output": "it changes nothing",
    "compute.open_console": "it changes nothing",
    "compute.get_diagnostics": "it changes nothing",
    "compute.trigger_crash_dump": "it is no operation: nothing is recorded of it",
    "compute.sync_power": "a look that the periodic comparison takes as well",
    "compute.cache_images": "it only warms a cache",
}


@functools.cache
def reached():
    """({point}, {"topic.method"}) of the calm runs of all scenarios."""
    records = [matrix.record(name) for name in [*scenarios(), *matrix.undone(), *REMOTE]]
    return ({point for each in records for point, _, _ in each.trace},
            {method for each in records for method in each.methods})


def test_every_operation_has_a_recorded_number_of_points():
    unlike = ", ".join(sorted(set(WALKED) ^ set(OPERATIONS)))
    assert not unlike, f"{unlike}: in tests/faults/points.py or in OPERATIONS, and not in both"


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_points_of_an_operation_only_grow_in_number(name):
    points, _ = reached()
    walked = sum(point.startswith(f"{name}.") for point in points)
    assert walked, f"{name} has no points: test_every_operation_is_accepted_and_succeeds_in_calm says what it lacks"
    assert name in WALKED, f"{name} has {walked} points: write that to tests/faults/points.py"
    assert walked >= WALKED[name], f"{name} had {WALKED[name]} points and has {walked}: what is no longer tried?"
    assert walked <= WALKED[name], f"{name} has {walked} points by now: write that to tests/faults/points.py"


def literals(folder, call, argument):
    """{text: file} of the literal ``argument``-th arguments of calls of a method ``call`` below a folder."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name) and call in (
                    getattr(node.func, "attr", None), getattr(node.func, "id", None)) and len(node.args) > argument):
                given = node.args[argument]
                for each in ast.walk(given):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        found[each.value] = str(path.relative_to(ROOT.parent))
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_scenario(name):
    try:
        asker(name)
    except LookupError as error:
        pytest.fail(str(error))
    assert name in scenarios(), (
        f"no state that {name} may start from can be reached: add an operation that leads there to ASK, or a way to "
        "state(), in tests/faults/scenarios.py")


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_accepted_and_succeeds_in_calm(name):
    record = matrix.record(name)
    passed = {point for point, _, _ in record.trace}
    assert {f"{name}.accept.after_commit", f"{name}.finish.after_commit"} <= passed, (
        f"scenario {name} of tests/faults/scenarios.py was answered {record.status} {record.answer} and passed only "
        f"{sorted(each for each in passed if each.startswith(name))}: does its line in ASK give the right argument? "
        "Without a line there, the action is sent with null.")
    assert not record.violations


@pytest.mark.parametrize("name", [name for name in scenarios() if name not in OPERATIONS])
def test_every_variant_ends_well_in_calm(name):
    assert not matrix.record(name).violations


@pytest.mark.parametrize("name", REMOTE)
def test_every_scenario_with_a_remote_service_ends_well_in_calm(name):
    record = matrix.record(name)
    assert record.status < 300, f"{name} gets {record.status}"
    assert not record.violations
    passed = {point for point, _, _ in record.trace}
    for operation in REMOTE[name].operations:
        assert f"{operation}.accept.after_commit" in passed, f"{name} does not begin {operation}"


def test_every_step_of_a_host_is_reached():
    points, _ = reached()
    for step, file in literals("compute/tasks", "do", 0).items():
        for moment in ("before_effect", "after_effect"):
            assert any(point.endswith(f".{step}.{moment}") for point in points), (
                f"{file}: no scenario reaches step {step!r}; add one to VARIANTS in tests/faults/scenarios.py")


def test_every_step_is_journalled():
    points, _ = reached()
    for step, file in literals("compute/tasks", "do", 0).items():
        assert any(point.endswith(f".journal.{step}.after_commit") for point in points), f"{file}: step {step!r}"


def test_every_undo_is_reached():
    points, _ = reached()
    undone = {point.split(".")[0] for point in points if point.endswith(".after_undo")}
    for path in sorted((ROOT / "compute" / "tasks").glob("*.py")):
        text = path.read_text()
        if any(push in text for push in (".undo.callback(", ".undo.push(", "undo=(")):
            steps = _steps_in(path)
            assert any(point.endswith(f".{step}.after_undo") for point in points
                       for step in [*steps, "begin"]), (
                f"{path.name} pushes undo, and no scenario makes it run; operations undone: {sorted(undone)}")


def _steps_in(path):
    return [node.args[0].value for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "do" and node.args
            and isinstance(node.args[0], ast.Constant)]


def test_every_transition_is_reached():
    points, _ = reached()
    transitions = literals("db/operations", "mark", 2)
    assert transitions
    for transition in transitions:
        word = transition.strip(".").split(".")[0].split("{")[0]
        assert any(f".{word}." in point for point in points), f"db/operations: no scenario reaches {transition!r}"


def test_every_message_between_services_is_sent():
    _, methods = reached()
    for topic, endpoints in (("conductor", (Flows, Leases, Hosts, Audits)), ("compute", (compute.Endpoint,)),
                             ("scheduler", (scheduler.Endpoint,))):
        names = {f"{topic}.{name}" for each in endpoints for name, method in vars(each).items()
                 if inspect.isfunction(method) and not name.startswith("_")}
        assert names
        silent = names - methods - set(ELSEWHERE)
        assert not silent, f"no scenario makes anybody say {sorted(silent)}"


def test_every_change_is_covered_once():
    known = set(changes.CHANGES) | changes.HARMLESS | changes.of_operations()
    missing = [name for name in changes.mutating() if name not in known]
    assert not missing, "tests/faults/changes.py: add one line to CHANGES (or HARMLESS) for each of\n  " + "\n  ".join(
        missing)
    both = set(changes.CHANGES) & changes.of_operations()
    assert not both, f"{sorted(both)} begin operations"


@pytest.mark.parametrize("name", changes.names())
def test_every_change_succeeds_in_calm(name):
    record = matrix.record(name)
    assert record.status < 300, f"tests/faults/changes.py: {name} gets {record.status}"
    assert not record.violations


def test_messages_tested_elsewhere_are_not_reached_by_the_matrix():
    _, methods = reached()
    assert not set(ELSEWHERE) & methods, "reached by now: take it out of ELSEWHERE"
