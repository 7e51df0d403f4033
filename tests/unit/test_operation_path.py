"""The functions of an operation are found on every floor, by its name and by what was recorded with it."""

import os
import types

import pytest

import nova_lite
from nova_lite.api.compute import routes
from nova_lite.cmd import operation_path
from nova_lite.common import source_places
from nova_lite.objects.states import COMPUTE, CONDUCTOR, OPERATIONS
from nova_lite.scheduler import manager as scheduler

ROOT = os.path.dirname(os.path.dirname(nova_lite.__file__))
ROUTES = [str(each) for each in (*routes.ROUTES, *routes.ACTIONS)]


def step(function):
    return types.SimpleNamespace(ran=source_places.place(function))


def operation(route, origin=None):
    return types.SimpleNamespace(route=route, origin=origin)


def line_of(place):
    path, _, number = place.rpartition(" ")[2].partition(":")
    with open(os.path.join(ROOT, path)) as file:
        lines = file.readlines()[int(number) - 1:]
    return next(line for line in lines if line.strip().startswith("def "))


def names(calls):
    return [each.place.partition(" ")[0] for each in calls]


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_of_a_host_is_found_from_the_message_to_the_task(name):
    assert COMPUTE in OPERATIONS[name].topics
    assert [each.floor for each in operation_path.at_host(name)] == ["rpc", "manager", "task"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_conductors_part_is_found_where_the_operation_has_one(name):
    floors = [each.floor for each in operation_path.at_conductor(name, [])]
    assert floors == (["rpc", "manager", "flow"] if CONDUCTOR in OPERATIONS[name].topics else [])


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_call_is_where_its_function_is(name):
    for call in (*operation_path.at_conductor(name, []), *operation_path.at_host(name)):
        assert f"def {call.place.partition(' ')[0].rpartition('.')[2]}(" in line_of(call.place), call


@pytest.mark.parametrize("route", ROUTES)
def test_the_controller_of_each_route_is_found(route):
    assert [each.floor for each in operation_path.asked(operation(route))] == ["controller"]


def test_a_build_goes_by_the_conductor_and_the_scheduler():
    steps = [step(scheduler.Endpoint.select_destinations)]
    assert names(operation_path.at_conductor("build_server", steps)) == [
        "ConductorAPI.build_servers", "Flows.build_servers", "Build.build_server", "SchedulerAPI.select_destinations"]
    assert names(operation_path.of_step(steps[0])) == ["Endpoint.select_destinations"]


def test_the_recorded_action_follows_the_controller():
    calls = operation_path.asked(operation("POST /servers", "Build.create nova_lite/compute/actions/build.py:32"))
    assert [each.floor for each in calls] == ["controller", "action"] and names(calls) == [
        "Servers.create", "Build.create"]


def test_a_removed_route_has_no_controller():
    assert operation_path.asked(operation("POST /nowhere")) == [] == operation_path.asked(operation(None))


def test_a_step_of_which_no_function_was_recorded_shows_none():
    assert operation_path.of_step(types.SimpleNamespace(ran=None)) == []
