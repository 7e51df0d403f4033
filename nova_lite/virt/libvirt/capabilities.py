"""What this host can give guests that ask for NUMA nodes, dedicated processors, secure boot or a TPM, from libvirt."""

import dataclasses
import xml.etree.ElementTree as ET

from nova_lite.common.hardware import processors
from nova_lite.virt.libvirt.xml.domain import Domain


@dataclasses.dataclass(frozen=True)
class Node:
    """One NUMA node of the host.  :ivar pages: ((KiB, how many), ...), the smallest first."""

    id: int
    cpus: frozenset
    pages: tuple = ((4, 0),)


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """:ivar threads: whether cores have more threads than one.

    :ivar dedicated: processors that guests may have to themselves.  :ivar shared: those of all others; None: any.
    :ivar taken: those of ``dedicated`` that another guest has.
    """

    nodes: tuple[Node, ...] = ()
    threads: bool = False
    dedicated: frozenset = frozenset()
    shared: frozenset | None = None
    taken: frozenset = frozenset()
    secure_boot: bool = False
    tpm: bool = False


def read(live, options, guest):
    """The Capabilities now; run in a native thread.

    :param options: the [compute] group.  :param guest: id of the server they are for: what it has is not taken.
    """
    topology = ET.fromstring(live.getCapabilities()).find("host/topology")
    offered = ET.fromstring(live.getDomainCapabilities(None, "x86_64", "q35", None, 0))
    dedicated = processors.numbers(options.cpu_dedicated_set or "")
    return Capabilities(
        nodes=() if topology is None else tuple(map(_node, topology.findall("cells/cell"))),
        threads=topology is not None and any(
            len(processors.numbers(cpu.get("siblings", ""))) > 1 for cpu in topology.iter("cpu")),
        dedicated=dedicated, shared=processors.numbers(options.cpu_shared_set) if options.cpu_shared_set else None,
        taken=frozenset(_pinned(live, guest)) & dedicated,
        secure_boot="yes" in [each.text for each in offered.findall("os/loader/enum[@name='secure']/value")],
        tpm="emulator" in [each.text for each in offered.findall("devices/tpm/enum[@name='backendModel']/value")])


def _node(cell):
    return Node(
        int(cell.get("id")), frozenset(int(cpu.get("id")) for cpu in cell.iter("cpu")),
        tuple(sorted((int(each.get("size")), int(each.text)) for each in cell.findall("pages"))))


def _pinned(live, besides):
    """Processors that guests run on, defined ones too: they may start at any time."""
    for domain in live.listAllDomains():
        if domain.UUIDString() != besides:
            known = Domain.parse(domain.XMLDesc())
            for cpuset in (*(pin.cpuset for pin in known.pins), known.emulator):
                yield from processors.numbers(cpuset) if cpuset else ()
