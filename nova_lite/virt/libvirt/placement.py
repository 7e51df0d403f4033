"""Chooses the host's processors and memory nodes for a guest: pure, so that tests can use any host."""

import dataclasses
import itertools

from nova_lite.common import exceptions
from nova_lite.common.hardware import numa, processors

_NO_FIT = "its NUMA nodes, dedicated processors and pages do not fit the host's"
_TRIES = 5000           # ways to lay a guest's nodes on the host's that are looked at


@dataclasses.dataclass(frozen=True)
class CellPlacement:
    """One NUMA node of the guest and the host's node that it lies on.

    :ivar pins: {processor of the guest: of the host} of the dedicated ones.  :ivar page: KiB; None: the usual.
    """

    cell: numa.Cell
    node: int
    pins: dict
    floating: frozenset             # of the host, for the guest's other processors
    page: int | None = None
    emulator: frozenset = frozenset()


def needed(requirements):
    """Whether the guest has NUMA nodes to place, so that it depends on what other guests have taken."""
    return bool(numa.cells(requirements))


def place_cells(requirements, host):
    """A CellPlacement for each NUMA node of the guest; () where it has none.

    :param host: capabilities.Capabilities.  :raises NotOffered: there is no capacity for it.
    """
    cells = numa.cells(requirements)
    if not cells:
        return ()
    _check_threads(requirements, host)
    for nodes in itertools.islice(itertools.permutations(host.nodes, len(cells)), _TRIES):
        found = tuple(_place_cell(requirements, cell, node, host, number == 0)
                      for number, (cell, node) in enumerate(zip(cells, nodes, strict=True)))
        if all(found):
            return found
    raise exceptions.NotOffered(reason=_NO_FIT)


def _check_threads(requirements, host):
    policy = processors.thread_policy(requirements)
    if (policy == "isolate" and host.threads) or (policy == "require" and not host.threads):
        raise exceptions.NotOffered(reason=f"its cores have {'' if host.threads else 'no '}threads, and "
                                          f"hw:cpu_thread_policy is {policy}")


def _place_cell(requirements, cell, node, host, first):
    """The CellPlacement of a cell on a node; None: it does not fit."""
    dedicated = sorted(processors.dedicated(requirements) & cell.cpus)
    free = sorted((host.dedicated & node.cpus) - host.taken)
    apart = first and processors.emulator_apart(requirements)
    floating = node.cpus - host.dedicated if host.shared is None else node.cpus & host.shared
    page, fits = _page(numa.page_size(requirements), cell, node)
    if len(free) < len(dedicated) + apart or not fits or (len(dedicated) < len(cell.cpus) and not floating):
        return None
    emulator = frozenset(free[len(dedicated):len(dedicated) + 1]) if apart else frozenset()
    return CellPlacement(cell, node.id, dict(zip(dedicated, free, strict=False)), floating, page, emulator)


def _page(wanted, cell, node):
    """(KiB of the guest's pages, None: the usual size; whether the node has enough of them)."""
    usual, *larger = [size for size, _ in node.pages]
    if wanted in (None, numa.SMALL, usual):
        return None, True
    need = cell.memory_mb << 10
    fitting = [size for size, count in node.pages if size in larger and wanted in (size, numa.ANY, numa.LARGE)
               and need % size == 0 and count * size >= need]
    if fitting:
        return max(fitting), True
    return None, wanted == numa.ANY
