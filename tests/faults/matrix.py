"""The matrix: each scenario x each point it passes x each fault, and dice: bad buses and two faults in a row.

Points are found by a calm run of each scenario, so what is new in the code has its cases without anybody writing them.
A case is named by what happens in it, and that name and a seed are all it takes to see it again (replay.py).
"""

import dataclasses
import functools
import random

from nova_lite.objects.states import OPERATIONS
from tests.faults import changes
from tests.faults.scenarios import REMOTE, scenarios, state
from tests.faults.world import HOSTS, Fault, World

#: How many cases with dice each scenario has.
BUSES, PAIRS = 10, 12


@dataclasses.dataclass(frozen=True)
class Case:
    """:ivar seed: of the dice; None where nothing is left to chance.  :ivar bus: whether the bus is bad."""

    scenario: str
    faults: tuple = ()
    seed: int | None = None
    bus: bool = False

    def __str__(self):
        parts = [str(each) for each in self.faults] + ([f"bus-{self.seed}"] if self.bus else [])
        return f"{self.scenario}:{'+'.join(parts) or 'calm'}"


@dataclasses.dataclass(frozen=True)
class Record:
    """What a calm run passed.

    :ivar trace: (point, transaction, process) of each hit, in order; of a change, until it was answered.
    :ivar methods: "topic.method" of what was asked over the bus.
    :ivar status, answer: of the last answer, the latter its first bytes.
    :ivar dump: of a change: the database after it.
    """

    trace: tuple
    methods: frozenset
    violations: tuple
    status: int
    answer: bytes
    dump: dict


def scenario_of(name):
    """The Scenario of that name: of an operation, of one that fails at its end, or of a change."""
    if name.endswith(_UNDONE):
        return _undone(name)
    found = scenarios().get(name) or REMOTE.get(name)
    return found if found is not None else changes.scenario(name)


_UNDONE = "-undone"


def _undone(name):
    """The operation's last step does its work and fails then: what was done is undone."""
    plain = scenarios()[name.removesuffix(_UNDONE)]
    *_, last = [point for point, _, _ in record(plain.name).trace if point.endswith(".after_effect")]

    def act(world):
        world.breaks_at = last
        return plain.act(world)
    return dataclasses.replace(plain, name=name, act=act, light=True)


@functools.cache
def undone():
    """Names of the scenarios in which an operation fails at its end."""
    plain = [name for name, each in scenarios().items() if not each.light and name in OPERATIONS]
    return [name + _UNDONE for name in plain
            if any(point.endswith(".after_effect") for point, _, _ in record(name).trace)]


@functools.cache
def record(name):
    """The Record of a calm run of a scenario."""
    scenario = scenario_of(name)
    world = scenario.world(f"matrix {name}", state(scenario.start))
    with world.running():
        world.arm()
        scenario.act(world)
        world.settle()
        _, status, answer = world.answers[-1]
        trace = world.trace[:world.answered_at] if name in changes.names() else world.trace
        return Record(tuple(trace), frozenset(world.bus.methods), tuple(world.violations()), status, answer[:300],
                      world.dump() if name in changes.names() else {})


# ---- which faults happen at a point

def faults_at(hit, deletable, light):
    """Every Fault that makes sense at a Hit.

    :param deletable: whether there is a server to delete meanwhile.  :param light: only the plainest ones.
    """
    def fault(kind, after=0.0):
        return Fault(kind, hit.point, after, hit.nth, hit.transaction)
    committed, on_host = hit.point.endswith(".after_commit"), hit.process in HOSTS
    yield fault("crash", 1)
    if hit.point.startswith("http."):
        yield from (fault(kind, after) for kind, after in _of_request(hit.point))
    if hit.periodic:
        return
    yield fault("freeze", 20)                   # past the lease
    if light:
        if hit.point.endswith(("_undo", ".fail.before_commit")):
            yield fault("raise")
        return
    yield fault("dberror" if committed else "raise")    # after a commit: its outcome is not known
    yield fault("crash", 20)                    # its leases have run out
    if committed:
        yield fault("power", 1)
    if hit.process != "api":
        yield fault("again", 8)
    if on_host:
        yield fault("crash", 100)               # it counts as dead meanwhile
        yield fault("freeze", 100)
    if on_host or (committed and hit.process != "api"):
        yield fault("stop", 1)
        if deletable:
            yield fault("delete", 0.6)


def _of_request(point):
    """(kind, after) of what happens to a request of another service."""
    reads = point.startswith("http.get")
    if point.endswith(".before_request"):
        yield "undelivered", 0
        yield "away", 12
        if not reads:
            yield "refused", 0
            yield "broken", 0
            yield "late", 3                 # later than who asks waits, and earlier than it may be asked again
    elif not reads:
        yield "lost", 0


@dataclasses.dataclass(frozen=True)
class Hit:
    """The ``nth`` time that ``process`` passes ``point``, in or after the ``transaction``-th transaction."""

    point: str
    nth: int
    transaction: int
    process: str

    @property
    def periodic(self):
        """What happens all the time beside requests."""
        return self.point.startswith("tx.") and (self.process != "api" or "metrics" in self.point)


def hits(name):
    """([Hit], [Hit]): the first hit of every point of a scenario, and the last where that is another."""
    seen, first, last = {}, {}, {}
    for point, transaction, process in record(name).trace:
        seen[point] = seen.get(point, 0) + 1
        hit = Hit(point, seen[point], transaction, process)
        first.setdefault(point, hit)
        last[point] = hit
    again = [last[point] for point in sorted(last) if last[point] != first[point] and not last[point].periodic]
    known = {point for point, _, _ in record(name.removesuffix(_UNDONE)).trace} if name.endswith(_UNDONE) else ()
    return [first[point] for point in sorted(first) if point not in known], again


def cases_of(name):
    """Every Case of one scenario."""
    scenario = scenario_of(name)
    every = []
    first, again = hits(name)
    known = _known_of(scenario)
    for hit in first + again:
        # Before it is accepted there is no server to delete.
        deletable = not name.startswith("delete") and ".accept." not in hit.point and hit.process != "api"
        every += faults_at(hit, deletable, scenario.light or hit in again or hit.point in known)
    yield Case(scenario.name)
    yield from (Case(scenario.name, (fault,)) for fault in every)
    share = 4 if scenario.light else 1
    for seed in range(BUSES // share):
        yield Case(scenario.name, (), seed, True)
    dice = random.Random(name)
    for seed in range(PAIRS // share if len(every) > 1 else 0):
        yield Case(scenario.name, tuple(dice.sample(every, 2)), seed, seed % 4 == 3)


def _known_of(scenario):
    """The points that the plain scenarios of a variant's operations pass: at these the plainest faults will do."""
    if scenario.name in OPERATIONS:
        return ()
    plain = [record(name).trace for name in scenario.operations if name in scenarios()]
    return {point for trace in plain for point, _, _ in trace}


def cases_of_change(name):
    """Cases of one request that is no operation: only what happens in the API's process while it answers."""
    yield Case(name)
    first, again = hits(name)
    for hit in first + again:
        if hit.process == "api":
            for kind, after in (("crash", 1), ("raise", 0), ("dberror", 0)):
                if kind != "dberror" or hit.point.endswith("_commit"):
                    yield Case(name, (Fault(kind, hit.point, after, hit.nth, hit.transaction),))


@functools.cache
def cases():
    """{name: Case} of the whole matrix."""
    found = [case for name in [*scenarios(), *undone()] for case in cases_of(name)]
    found += [case for name in changes.names() for case in cases_of_change(name)]
    return {str(case): case for case in found}


@functools.cache
def remote_cases():
    """As ``cases``, of the scenarios with a remote service."""
    return {str(case): case for name in REMOTE for case in cases_of(name)}


def case_of(name):
    """The Case of a name."""
    return remote_cases()[name] if name.partition(":")[0] in REMOTE else cases()[name]


# ---- running one

@dataclasses.dataclass(frozen=True)
class Result:
    """:ivar wrong: [text] of what does not hold after it; [] is good.  :ivar world: the World, ended."""

    case: Case
    wrong: list
    world: World

    def __str__(self):
        parts = "\n".join(self.wrong)
        return f"{parts}\n\n{self.world.story()}\n\n{parts}\n\nAgain: python -m tests.faults.replay '{self.case}'"


def run(case, seed=None):
    """Run a case; returns its Result.

    :param seed: other dice than the case's own.
    """
    scenario = scenario_of(case.scenario)
    world = scenario.world(f"matrix {case.scenario}", state(scenario.start))
    wrong = []
    with world.running():
        before = world.dump() if scenario.name in changes.names() else None
        world.arm(*case.faults)
        if case.bus:
            _spoil(world, random.Random(f"{case} {case.seed if seed is None else seed}"))
        scenario.act(world)
        world.settle()
        wrong += world.wrong()
        if len(case.faults) == 1 and not world.fired:
            wrong.append(f"{case.faults[0]} did not happen: the point was not reached")
        if before is not None:
            calm = record(scenario.name)
            wrong += world.mended(lambda: changes.violations(world, before, calm.status, calm.dump))
    return Result(case, wrong, world)


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
        slowest = 5.0 if letter.asker is not None else 40.0     # a question never outlives its asker's timeout
        return [dice.choice((bus.delay(), dice.uniform(0, 2), dice.uniform(0, slowest))) for _ in range(copies)]
    bus.post = post
    bus.reply = lambda letter: simulation.clock > end or dice.random() > 0.15
    world.trouble_until(end)
