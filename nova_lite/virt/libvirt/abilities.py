"""What this host can give a guest beyond the ordinary, as libvirt tells it."""

import dataclasses
import xml.etree.ElementTree as ET

from nova_lite.common.hardware import processors


@dataclasses.dataclass(frozen=True)
class Node:
    """One NUMA node of the host.  :ivar pages: ((KiB, how many), ...), the smallest first."""

    id: int
    cpus: frozenset
    pages: tuple = ((4, 0),)


@dataclasses.dataclass(frozen=True)
class Abilities:
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
    """The Abilities now; run in a native thread.

    :param options: the [compute] group.  :param guest: id of the server they are for: what it has is not taken.
    """
    topology = ET.fromstring(live.getCapabilities()).find("host/topology")
    offered = ET.fromstring(live.getDomainCapabilities(None, "x86_64", "q35", None, 0))
    dedicated = processors.numbers(options.cpu_dedicated_set or "")
    return Abilities(
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
            tune = ET.fromstring(domain.XMLDesc()).find("cputune")
            for pin in () if tune is None else (*tune.findall("vcpupin"), *tune.findall("emulatorpin")):
                yield from processors.numbers(pin.get("cpuset"))
