"""Where on its host a guest's processors run and its memory lies: pure, so that tests can have any host."""

import dataclasses
import itertools

from nova_lite.common import exception
from nova_lite.common.hardware import numa, processors

_NO_FIT = "its NUMA nodes, dedicated processors and pages do not fit the host's"
_TRIES = 5000           # ways to lay a guest's nodes on the host's that are looked at


@dataclasses.dataclass(frozen=True)
class Seat:
    """One NUMA node of the guest and the host's node that it lies on.

    :ivar pins: {processor of the guest: of the host} of the dedicated ones.  :ivar page: KiB; None: the usual.
    """

    cell: numa.Cell
    node: int
    pins: dict
    floating: frozenset             # of the host, for the guest's other processors
    page: int | None = None
    emulator: frozenset = frozenset()


def needed(wishes):
    """Whether the guest must be placed with others in view: no two may take the same processor."""
    return bool(numa.cells(wishes))


def seats(wishes, host):
    """A Seat for each NUMA node of the guest; () where it has none.

    :param host: abilities.Abilities.  :raises NotOffered: there is no room for it.
    """
    cells = numa.cells(wishes)
    if not cells:
        return ()
    _check_threads(wishes, host)
    for nodes in itertools.islice(itertools.permutations(host.nodes, len(cells)), _TRIES):
        found = tuple(_seat(wishes, cell, node, host, number == 0)
                      for number, (cell, node) in enumerate(zip(cells, nodes, strict=True)))
        if all(found):
            return found
    raise exception.NotOffered(reason=_NO_FIT)


def _check_threads(wishes, host):
    policy = processors.thread_policy(wishes)
    if (policy == "isolate" and host.threads) or (policy == "require" and not host.threads):
        raise exception.NotOffered(reason=f"its cores have {'' if host.threads else 'no '}threads, and "
                                          f"hw:cpu_thread_policy is {policy}")


def _seat(wishes, cell, node, host, first):
    """The Seat of a cell on a node; None: it does not fit."""
    dedicated = sorted(processors.dedicated(wishes) & cell.cpus)
    free = sorted((host.dedicated & node.cpus) - host.taken)
    apart = first and processors.emulator_apart(wishes)
    floating = node.cpus - host.dedicated if host.shared is None else node.cpus & host.shared
    page, fits = _page(numa.page_size(wishes), cell, node)
    if len(free) < len(dedicated) + apart or not fits or (len(dedicated) < len(cell.cpus) and not floating):
        return None
    emulator = frozenset(free[len(dedicated):len(dedicated) + 1]) if apart else frozenset()
    return Seat(cell, node.id, dict(zip(dedicated, free, strict=False)), floating, page, emulator)


def _page(asked, cell, node):
    """(KiB of the guest's pages, None: the usual; whether the node has such)"""
    usual, *larger = [size for size, _ in node.pages]
    if asked in (None, numa.SMALL, usual):
        return None, True
    need = cell.memory_mb << 10
    fitting = [size for size, count in node.pages if size in larger and asked in (size, numa.ANY, numa.LARGE)
               and need % size == 0 and count * size >= need]
    if fitting:
        return max(fitting), True
    return None, asked == numa.ANY
