"""Which function of each floor an operation goes through, from the REST call to the hypervisor.

An operation has one name on all floors (``objects.states.OPERATIONS``), so its methods are found by that name; what its
steps called, and which action began it, is recorded with it.
"""

import collections
import importlib
import inspect
import pkgutil

from nova_lite.common import source_places

#: ``floor`` as "action"; ``place`` as ``source_places`` says, "Power.stop nova_lite/compute/actions/power.py:16".
Call = collections.namedtuple("Call", "floor place")

#: The floor of what stands in a folder; the first that fits.
_FLOORS = (("nova_lite/virt/", "driver"), ("nova_lite/network/", "network"), ("nova_lite/image/", "image"),
           ("nova_lite/compute/tasks/", "task"), ("nova_lite/scheduler/", "manager"), ("", "conductor"))


def _call(floor, kind, name):
    return Call(floor, source_places.place(getattr(kind, name)))


def _class_with(package, name):
    """The class of one of a package's modules that defines the method ``name`` itself; None where none does."""
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for each in vars(module).values():
            if inspect.isclass(each) and each.__module__ == module.__name__ and name in vars(each):
                return each
    return None


def asked(operation):
    """Calls from the REST request to the action that began an operation, as far as they are known.

    :param operation: its row; ``route`` and ``origin`` are read.
    """
    began = [Call("action", operation.origin)] if operation.origin else []
    return [*_controller(operation.route), *began]


def _controller(route):
    """The controller's method that answers a route of the compute API ("POST /servers")."""
    from nova_lite.api.compute import routes
    target = next((each.target for each in (*routes.ROUTES, *routes.ACTIONS) if str(each) == route), None)
    if target is None:
        return []
    name, _, method = target.partition(":")
    return [_call("controller", routes.CONTROLLERS[name], method)]


def at_conductor(name, steps):
    """Calls of an operation's part at the conductor and the scheduler; none where it has no part there.

    :param name: a row of OPERATIONS.  :param steps: rows of its steps there.
    """
    from nova_lite.conductor import flows, rpcapi
    from nova_lite.conductor.endpoints.flows import Flows
    flow = _class_with(flows, name)
    if flow is None:
        return []
    message = name if hasattr(Flows, name) else f"{name}s"          # one message for all servers of a request
    return [_call("rpc", rpcapi.ConductorAPI, message), _call("manager", Flows, message), _call("flow", flow, name),
            *_scheduler(steps)]


def _scheduler(steps):
    from nova_lite.scheduler import manager, rpcapi
    ran = [each.ran for each in steps]
    methods = [name for name, _ in inspect.getmembers(manager.Endpoint, inspect.isfunction)
               if source_places.place(getattr(manager.Endpoint, name)) in ran]
    return [_call("rpc", rpcapi.SchedulerAPI, each) for each in methods if hasattr(rpcapi.SchedulerAPI, each)]


def at_host(name):
    """Calls of an operation's part at a host, from the message to the task."""
    from nova_lite.compute import manager, rpcapi, tasks
    task = _class_with(tasks, name)
    return [_call("rpc", rpcapi.ComputeAPI, name), _call("manager", manager.Endpoint, name),
            *([_call("task", task, name)] if task else [])]


def of_step(step):
    """What a step called; nothing where that was not recorded."""
    if step.ran is None:
        return []
    file = step.ran.rpartition(" ")[2]
    return [Call(next(floor for folder, floor in _FLOORS if file.startswith(folder)), step.ran)]
