"""The matrix: each scenario x each point it passes x each fault, and dice: bad buses and two faults in a row.

Points are found by a calm run of each scenario, so what is new in the code has its cases without anybody writing them.
A case is named by what happens in it, and that name and a seed are all it takes to see it again (replay.py).
"""

import dataclasses
import functools
import random

from tests.faults import changes
from tests.faults.scenarios import scenarios, state
from tests.faults.world import HOSTS, Fault, World

#: How many cases with dice each scenario has.
BUSES, PAIRS = 12, 20


@dataclasses.dataclass(frozen=True)
class Case:
    """:ivar seed: of the dice; None where nothing is left to chance.  :ivar bus: whether the bus is bad."""

    scenario: str
    faults: tuple = ()
    seed: int | None = None
    bus: bool = False

    def __str__(self):
        told = [str(each) for each in self.faults] + ([f"bus-{self.seed}"] if self.bus else [])
        return f"{self.scenario}:{'+'.join(told) or 'calm'}"


@dataclasses.dataclass(frozen=True)
class Record:
    """What a calm run passed.  :ivar trace: (point, transaction, process) of each hit, in order."""

    trace: tuple
    methods: frozenset
    violations: tuple


def scenario_of(name):
    found = scenarios().get(name)
    return found if found is not None else changes.scenario(name)


@functools.cache
def record(name):
    """The Record of a calm run of a scenario."""
    scenario = scenario_of(name)
    world = World(f"matrix {name}", state(scenario.start))
    with world.running():
        world.bus.methods.clear()
        world.arm()
        scenario.act(world)
        world.settle()
        return Record(tuple(world.trace), frozenset(world.bus.methods), tuple(world.violations()))


# ---- which faults happen at a point

def faults_at(point, nth, transaction, process, deletable):
    """Every Fault that makes sense there."""
    def fault(kind, after=0.0):
        return Fault(kind, point, after, nth, transaction)
    periodic, committing = point.startswith("tx."), point.endswith(".before_commit")
    yield fault("crash", 1)
    yield fault("raise")
    if periodic and process != "api":
        return
    yield fault("crash", 20)                    # its leases have run out
    yield fault("power", 1)
    yield fault("freeze", 20)
    if point.endswith("_commit"):
        yield fault("dberror")
    if process != "api":
        yield fault("double", 4)
        yield fault("again", 8)
    if process in HOSTS:
        yield fault("crash", 100)               # it counts as dead meanwhile
        yield fault("freeze", 100)
    if process != "api" and not committing:
        yield fault("stop", 1)
    if deletable:
        yield fault("delete", 0.6)


def hits(name):
    """(point, nth, transaction, process): the first hit of every point of a scenario, and the last where it differs."""
    seen, first, last = {}, {}, {}
    for point, transaction, process in record(name).trace:
        seen[point] = nth = seen.get(point, 0) + 1
        first.setdefault(point, (point, nth, transaction, process))
        last[point] = (point, nth, transaction, process)
    for point in sorted(first):
        yield first[point]
        if last[point] != first[point] and not point.startswith("tx."):
            yield last[point]


def cases_of(name):
    """Every Case of one scenario."""
    scenario = scenarios()[name]
    every = []
    for point, nth, transaction, process in hits(name):
        # Before it is accepted there is no server to delete; a point of the scheduler is one of the conductor's too.
        deletable = not name.startswith("delete") and ".accept." not in point and process != "api"
        every += faults_at(point, nth, transaction, process, deletable)
    yield Case(scenario.name)
    yield from (Case(scenario.name, (fault,)) for fault in every)
    for seed in range(BUSES):
        yield Case(scenario.name, (), seed, True)
    dice = random.Random(name)
    for seed in range(PAIRS if len(every) > 1 else 0):
        yield Case(scenario.name, tuple(dice.sample(every, 2)), seed, seed % 4 == 3)


def cases_of_change(name):
    """Cases of one request that is no operation: only what happens in the API's process while it answers."""
    yield Case(name)
    for point, nth, transaction, process in hits(name):
        if process == "api":
            for kind, after in (("crash", 1), ("raise", 0), ("dberror", 0)):
                if kind != "dberror" or point.endswith("_commit"):
                    yield Case(name, (Fault(kind, point, after, nth, transaction),))


@functools.cache
def cases():
    """{name: Case} of the whole matrix."""
    found = [case for name in scenarios() for case in cases_of(name)]
    found += [case for name in changes.names() for case in cases_of_change(name)]
    return {str(case): case for case in found}


# ---- running one

def run(case, seed=None):
    """Run a case; returns its World, ended, with ``wrong``: what does not hold after it ([] is good).

    :param seed: other dice than the case's own.
    """
    scenario = scenario_of(case.scenario)
    world = World(f"matrix {case.scenario}", state(scenario.start))
    world.wrong = []
    with world.running():
        before = world.dump() if scenario.name in changes.names() else None
        world.arm(*case.faults)
        if case.bus:
            _spoil(world, random.Random(f"{case} {case.seed if seed is None else seed}"))
        scenario.act(world)
        world.settle()
        world.wrong += world.violations()
        if len(case.faults) == 1 and not world.fired:
            world.wrong.append(f"{case.faults[0]} did not happen: the point was not reached")
        if before is not None:
            world.wrong += changes.judge(world, scenario.name, before)
    return world


def _spoil(world, dice):
    """For half a minute the bus loses, doubles and holds up what it is given."""
    bus, simulation = world.bus, world.simulation
    end = simulation.clock + 30

    def post(letter):
        if simulation.clock > end:
            return [bus.delay()]
        fate = dice.random()
        if fate < 0.25:
            return []
        copies = 2 if fate < 0.45 else 1
        slowest = 5.0 if letter.asker is not None else 40.0     # a question outlives its asker's patience nowhere
        return [dice.choice((bus.delay(), dice.uniform(0, 2), dice.uniform(0, slowest))) for _ in range(copies)]
    bus.post = post
    bus.reply = lambda letter: simulation.clock > end or dice.random() > 0.15
    world.trouble_until(end)
