"""The map from an operation to the functions that do it is complete: nothing may be on no floor."""

import functools
import os

import pytest

import nova_lite
from nova_lite.api.compute import routes
from nova_lite.cmd import code_map
from nova_lite.compute.rpcapi import DOORBELLS
from nova_lite.objects.states import OPERATIONS
from nova_lite.virt.driver import DRIVERS

ROOT = os.path.dirname(os.path.dirname(nova_lite.__file__))
ROUTES = [str(each) for each in (*routes.ROUTES, *routes.ACTIONS) if getattr(each, "method", "POST") != "GET"]


@functools.cache
def route_of(operation):
    return next((each for each in ROUTES if len(code_map.asked(each, operation)) == 2), None)


def line_of(place):
    path, _, number = place.where.partition(":")
    with open(os.path.join(ROOT, path)) as file:
        lines = file.readlines()[int(number) - 1:]
    return next(line for line in lines if line.strip().startswith("def "))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_some_route_leads_to_each_operation(operation):
    assert route_of(operation) is not None


@pytest.mark.parametrize("operation", DOORBELLS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_each_floor_of_each_operation_is_found(operation, driver):
    assert [each.floor for each in code_map.asked(route_of(operation), operation)] == ["controller", "action"]
    assert [each.floor for each in code_map.at_host(operation)] == ["rpc", "manager", "task"]
    steps = code_map.steps(operation, driver)
    assert steps and all(steps.values()), steps
    assert "driver" in {place.floor for places in steps.values() for place in places}


@pytest.mark.parametrize("operation", DOORBELLS)
def test_places_are_where_the_function_is(operation):
    places = [*code_map.asked(route_of(operation), operation), *code_map.at_conductor(operation, route_of(operation)),
              *code_map.at_host(operation), *sum(code_map.steps(operation, "fake").values(), [])]
    for place in places:
        assert f"def {place.name.rpartition('.')[2]}(" in line_of(place), place


def test_a_build_goes_by_the_conductor_and_the_scheduler():
    assert [each.name for each in code_map.at_conductor("create", "POST /servers")] == [
        "ConductorAPI.build_servers", "Endpoint.build_servers", "Build.build_server",
        "SchedulerAPI.select_destinations", "Endpoint.select_destinations"]


def test_both_kinds_of_reboot_have_their_own_way():
    ways = [code_map.asked("POST /servers/{id}/action (reboot)", each)[1].name for each in ("reboot", "reboot_hard")]
    assert ways == ["Power.reboot", "Power.reset"]


def test_a_route_that_is_no_more_leads_nowhere():
    assert code_map.asked("POST /nowhere", "stop") == [] and code_map.asked(None, "stop") == []
