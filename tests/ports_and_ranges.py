"""Ports and address ranges that no other process of tests on this machine uses at the same time.

Each process has a slot of its own, the first that is free when it asks: workers of a run, and runs side by side.
A port that is merely free now may be another's a moment later, also one's that only calls out; these lie below those
that the kernel usually gives to such.
"""

import contextlib
import functools
import itertools
import socket

_SLOTS = 40
_PORTS, _FIRST_PORT = 500, 10_000
#: Screens of guests: libvirt gives them ports, too, and two libvirtds would give the same one.
_SCREENS, _FIRST_SCREEN = 100, 5900
_RANGES = 16


@functools.cache
def number():
    """This process's slot, held until it ends by a name that only one socket of the machine can have."""
    for slot in range(_SLOTS):
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            held.bind(f"\0nova-lite-tests-{slot}")
        except OSError:
            held.close()
            continue
        _held.append(held)
        return slot
    raise AssertionError(f"{_SLOTS} processes of tests run on this machine already")


_held = []


def free_port():
    """A TCP port of the slot that nobody listens on; the next one every time."""
    for port in itertools.islice(_ports(), _PORTS):
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("every port of this slot is taken")


@functools.cache
def _ports():
    first = _FIRST_PORT + number() * _PORTS
    return itertools.cycle(range(first, first + _PORTS))


def screens():
    """(first, last) port of guests' screens."""
    first = _FIRST_SCREEN + number() * _SCREENS
    return first, first + _SCREENS - 1


_clouds = itertools.count()


def ranges():
    """Two ranges for a cloud's network, of which the host may use one already; others every time."""
    block = next(_clouds) % _RANGES * 16
    return [f"{network}.{block}.0/20" for network in (f"10.{100 + number()}", f"100.{64 + number()}")]


def external_range():
    """A range for a cloud's external network; another one every time."""
    return f"10.{140 + number()}.{next(_clouds) % 256}.0/24"


def ipv6_range():
    """A range for a subnet of IPv6; another one every time."""
    return f"fd6e:6c74:{number():x}:{next(_clouds):x}::/64"


def put_first(items, folder, names):
    """Sort pytest's items: those of these files of a folder first, in this order; the order within a file stays."""
    order = {folder / f"{name}.py": number for number, name in enumerate(names)}
    items.sort(key=lambda item: order.get(item.path, len(order)))
