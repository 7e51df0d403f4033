"""A guest's NUMA nodes and the pages that its memory is made of."""

import dataclasses
import re

from oslo_utils import strutils

from nova_lite.common import exceptions
from nova_lite.common.hardware import processors

_INCOMPLETE = "CPU and memory allocation must be provided for all NUMA nodes"
_UNEVEN = ("Instance CPUs and/or memory cannot be evenly distributed across instance NUMA nodes. Explicit assignment "
           "of CPUs and memory to nodes is required")
#: Words for page sizes besides KiB.
ANY, LARGE, SMALL = "any", "large", "small"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One NUMA node of a guest."""

    cpus: frozenset                 # of the guest
    memory_mb: int


def cells(requirements):
    """The guest's NUMA nodes as a tuple of Cells; () where nothing asks for any.

    Pinned processors and chosen pages need to know where memory lies, so they make a guest of one node.
    :raises BadRequest: what is said contradicts itself.
    """
    pinned = processors.dedicated(requirements)
    nodes, size = _nodes(requirements), page_size(requirements)
    locked(requirements)
    if not (nodes or size or pinned):
        return ()
    nodes = nodes or 1
    cpus = _per_node(requirements, "numa_cpus", processors.numbers)
    memory = _per_node(requirements, "numa_mem", int)
    if not cpus and not memory:
        return _even(requirements, nodes)
    if len(cpus) != nodes or len(memory) != nodes:
        raise exceptions.BadRequest(_INCOMPLETE)
    _check(requirements, cpus, memory)
    return tuple(Cell(*each) for each in zip(cpus, memory, strict=True))


def page_size(requirements):
    """KiB, or ANY, LARGE, SMALL; None where nothing is said.  :raises BadRequest:"""
    flavor, image = requirements.both("mem_page_size")
    if not flavor and not image:
        return None
    if not flavor:
        raise exceptions.BadRequest(f"Page size {image} forbidden against '<empty>'")
    size = _size(flavor)
    if not image:
        return size
    if size not in (ANY, LARGE):
        raise exceptions.BadRequest(f"Page size {image} forbidden against '{flavor}'")
    return _size(image)


def locked(requirements):
    """Whether the host may never swap the guest's memory out.  :raises BadRequest:"""
    flavor, image = (None if each is None else strutils.bool_from_string(each)
                     for each in requirements.both("locked_memory"))
    if None not in (flavor, image) and flavor != image:
        raise exceptions.BadRequest(f"locked_memory value in image ({image}) and flavor ({flavor}) conflict. A "
                                   "consistent value is expected if both specified.")
    asked = image if flavor is None else flavor
    if asked and not any(requirements.both("mem_page_size")):
        raise exceptions.BadRequest(
            "locked_memory value in image or flavor is forbidden when mem_page_size is not set.")
    return bool(asked)


def _size(text):
    if text in (ANY, LARGE, SMALL):
        return text
    try:
        size = int(text) if text.isdecimal() else strutils.string_to_bytes(text, return_int=True) // 1024
    except ValueError:
        size = -1
    if size < 0 or text.startswith("-"):
        raise exceptions.BadRequest(f"Invalid memory page size '{text}'")
    return size


def _nodes(requirements):
    flavor, image = requirements.both("numa_nodes")
    if flavor and image:
        raise _forbidden("hw_numa_nodes")
    nodes = flavor or image
    if nodes is not None and not re.fullmatch("0*[1-9][0-9]*", nodes):
        raise exceptions.BadRequest(
            f"The property 'numa_nodes' cannot be '{nodes}'. It must be a number greater than 0")
    return int(nodes) if nodes else None


def _per_node(requirements, name, convert):
    """[what is said of node 0, of node 1, ...], up to the first of which nothing is said."""
    flavor, image = ([source[f"{prefix}{name}.{node}"] for node in range(_count(source, f"{prefix}{name}"))]
                     for source, prefix in ((requirements.specs, "hw:"), (requirements.properties, "hw_")))
    if flavor and image:
        raise _forbidden(f"hw_{name}")
    try:
        return [convert(each) for each in flavor or image]
    except ValueError as error:
        raise exceptions.BadRequest(f"Invalid flavor extra spec. Error: {error}") from error


def _count(source, name):
    node = 0
    while f"{name}.{node}" in source:
        node += 1
    return node


def _even(requirements, nodes):
    if requirements.vcpus % nodes or requirements.memory_mb % nodes:
        raise exceptions.BadRequest(_UNEVEN)
    width = requirements.vcpus // nodes
    return tuple(Cell(frozenset(range(node * width, (node + 1) * width)), requirements.memory_mb // nodes)
                 for node in range(nodes))


def _check(requirements, cpus, memory):
    free = set(range(requirements.vcpus))
    for node in cpus:
        for cpu in sorted(node):
            if cpu >= requirements.vcpus:
                raise exceptions.BadRequest(f"CPU number {cpu} is larger than max {requirements.vcpus - 1}")
            if cpu not in free:
                raise exceptions.BadRequest(f"CPU number {cpu} is assigned to two nodes")
            free.remove(cpu)
    if free:
        raise exceptions.BadRequest(f"CPU number {free} is not assigned to any node")
    if sum(memory) != requirements.memory_mb:
        raise exceptions.BadRequest(f"{sum(memory)} MB of memory assigned, but expected {requirements.memory_mb} MB")


def _forbidden(name):
    return exceptions.BadRequest(f"Image property '{name}' is not permitted to override NUMA configuration set against "
                                "the flavor")
