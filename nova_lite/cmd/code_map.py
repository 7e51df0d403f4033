"""Which function of each floor an operation goes through, found in the tables and the code itself.

The API's table names the controller; the controller's code names the action; the DOORBELLS table names the message, the
endpoint and the task, which have one name; the task's code names what each step asks of network, images and driver.
Nothing here is written down twice, so a new operation is on the map when it works.
"""

import ast
import collections
import functools
import importlib
import inspect
import os
import pkgutil
import textwrap

import nova_lite

_ROOT = os.path.dirname(os.path.dirname(nova_lite.__file__))

#: ``name`` as "Power.stop", ``where`` as "nova_lite/compute/actions/power.py:24".
Place = collections.namedtuple("Place", "floor name where")


class _Method(collections.namedtuple("_Method", "cls name")):
    """A method that can be read."""

    @property
    def function(self):
        return inspect.unwrap(getattr(self.cls, self.name))

    def tree(self):
        return _tree(self.function)

    def place(self, floor):
        return _place(floor, self.function)


def _place(floor, function):
    code = function.__code__
    return Place(floor, function.__qualname__, f"{os.path.relpath(code.co_filename, _ROOT)}:{code.co_firstlineno}")


@functools.cache
def _tree(function):
    return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]


def _chain(node):
    """("self", "_driver", "power", "stop") of an attribute of an attribute of a name; () of anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) and names else ()


def _chains(tree):
    return [chain for chain in map(_chain, ast.walk(tree)) if chain]


def _classes(package):
    """Every class that a module of a package defines."""
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        yield from (each for each in vars(module).values()
                    if inspect.isclass(each) and each.__module__ == module.__name__)


# ---- from the request to the message

def controller(route):
    """The controller's method that answers a route of the compute API ("POST /servers"); None where there is none."""
    from nova_lite.api.compute import routes
    target = next((each.target for each in (*routes.ROUTES, *routes.ACTIONS) if str(each) == route), None)
    if target is None:
        return None
    name, _, method = target.partition(":")
    return _Method(routes.CONTROLLERS[name], method)


def action(called, operation):
    """The compute action that a controller's method calls to begin an operation."""
    from nova_lite.compute import api
    rooms = {chain[1]: node.value.func.id for node in ast.walk(_tree(api.API.__init__))
             if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
             for chain in [_chain(node.targets[0])] if len(chain) == 2 and isinstance(node.value.func, ast.Name)}
    for chain in _chains(called.tree()):
        if len(chain) == 4 and chain[1] == "_compute" and chain[2] in rooms:
            found = _Method(getattr(api, rooms[chain[2]]), chain[3])
            if _says(found, operation, set()):
                return found
    return None


def _says(method, word, seen):
    """Whether the method's code, or what it calls in its own module, holds the constant ``word``."""
    module, waiting = inspect.getmodule(method.cls), [method.function]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        tree = _tree(function)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value == word:
                return True
            if isinstance(node, ast.Name):
                waiting += [each for each in [vars(module).get(node.id)] if inspect.isfunction(each)]
        waiting += [inspect.unwrap(getattr(method.cls, chain[1])) for chain in _chains(tree)
                    if chain[0] == "self" and inspect.isfunction(getattr(method.cls, chain[1], None))]
    return False


def asked(route, operation):
    """Places from the REST call to what begins the operation."""
    called = controller(route)
    if called is None:
        return []
    begun = action(called, operation)
    return [called.place("controller"), *([begun.place("action")] if begun else [])]


# ---- from the message to the work

def at_conductor(operation, route):
    """Places of an operation's part at the conductor and the scheduler; [] where it has none."""
    from nova_lite.compute.rpcapi import DOORBELLS
    from nova_lite.conductor import flows, manager, rpcapi
    called = controller(route)
    begun = action(called, operation) if called else None
    bells = {chain[-1] for chain in _chains(begun.tree())} if begun else set()
    bell = next((each for each in sorted(bells) if hasattr(rpcapi.ConductorAPI, each)
                 and hasattr(manager.Endpoint, each)), None)
    flow = next((each for each in _classes(flows) if DOORBELLS[operation] in vars(each)), None)
    if flow is None:
        return []
    found = [_Method(flow, DOORBELLS[operation]).place("flow")]
    if bell is not None:
        found = [_Method(rpcapi.ConductorAPI, bell).place("rpc"), _Method(manager.Endpoint, bell).place("manager"),
                 *found]
    return [*found, *_scheduled(flow)]


def _scheduled(flow):
    from nova_lite.scheduler import manager, rpcapi
    methods = [each for each in vars(flow).values() if inspect.isfunction(each)]
    asks = {chain[-1] for each in methods for chain in _chains(_tree(each)) if chain[:2] == ("self", "_scheduler")}
    asks = {each for each in asks if hasattr(manager.Endpoint, each)}
    return [place for each in sorted(asks) for place in (_Method(rpcapi.SchedulerAPI, each).place("rpc"),
                                                         _Method(manager.Endpoint, each).place("manager"))]


def at_host(operation):
    """Places of an operation's part at a host, from the message to the task."""
    from nova_lite.compute import manager
    from nova_lite.compute.rpcapi import DOORBELLS, ComputeAPI
    bell, task = DOORBELLS[operation], _task(operation)
    return [_Method(ComputeAPI, bell).place("rpc"), _Method(manager.Endpoint, bell).place("manager"),
            *([task.place("task")] if task else [])]


def _task(operation):
    from nova_lite.compute import tasks
    from nova_lite.compute.rpcapi import DOORBELLS
    bell = DOORBELLS[operation]
    return next((_Method(each, bell) for each in _classes(tasks) if bell in vars(each)), None)


def steps(operation, driver):
    """{step: places that it calls in network, images and driver}.

    :param driver: a key of virt.driver.DRIVERS.
    """
    task = _task(operation)
    if task is None:
        return {}
    reader = _Steps(task.cls, driver)
    reader.visit(task.tree())
    return {step: list(dict.fromkeys(places)) for step, places in reader.found.items()}


class _Steps(ast.NodeVisitor):
    """Reads a task from top to bottom, and its helpers where it calls them."""

    def __init__(self, cls, driver):
        self.found = {}
        self._cls = cls
        self._rooms = _rooms(driver)
        self._step = None

    def visit_Call(self, node):  # noqa: N802
        chain = _chain(node.func)
        if chain[-1:] == ("step",) and node.args and isinstance(node.args[0], ast.Constant):
            self._step = node.args[0].value
            self.found.setdefault(self._step, [])
            return
        if chain[-2:] == ("undo", "callback"):          # what is done only when it goes wrong
            return
        if len(chain) == 2 and chain[0] == "self" and chain[1] in vars(self._cls):
            self.visit(_tree(vars(self._cls)[chain[1]]))
        elif self._step is not None and chain[1:-1] in self._rooms:
            room, floor = self._rooms[chain[1:-1]]
            if hasattr(room, chain[-1]):
                self.found[self._step].append(_Method(room, chain[-1]).place(floor))
        self.generic_visit(node)


def _rooms(driver):
    """{("_driver", "power"): (class, floor)}: what a task's attributes are on a host with this driver."""
    from nova_lite.virt import driver as contract
    made = _load(*contract.DRIVERS[driver].split(":"))
    rooms = {}
    for name, kind in contract.Driver.__annotations__.items():
        kind = next((each for each in (getattr(kind, "__args__", None) or (kind,)) if inspect.isclass(each)), None)
        if kind is None or not issubclass(kind, contract.abc.ABC):
            continue
        mine = vars(inspect.getmodule(made)).values() if made else ()
        room = next((each for each in mine if inspect.isclass(each) and issubclass(each, kind)), kind)
        rooms["_driver", name] = (room, "driver")
    network = ("nova_lite.network.host.fake", "FakeHostNetwork") if driver == "fake" else (
        "nova_lite.network.manager", "HostNetwork")
    rooms["_network",] = (_load(*network), "network")
    rooms["_images",] = (_load("nova_lite.image.cache", "ImageCache"), "image")
    rooms["_uploads",] = (_load("nova_lite.image.upload", "Uploads"), "image")
    return rooms


def _load(module, name):
    """The class; None where the libraries of another kind of host are not installed here."""
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        return None
