"""The records of a fake host's guests: one small file each, so that they outlive the process."""

import contextlib
import dataclasses
import os
import re

import orjson

from nova_lite.common import atomic_file, concurrency
from nova_lite.objects.states import Power

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True)
class Guest:
    """The record of one guest."""

    id: str
    name: str
    title: str
    vcpus: int
    memory_mb: int
    power: Power
    boots: int = 1
    saved: bool = False             # its memory is on disk
    rescued: bool = False           # it booted from another disk
    halted: str = ""                # why the hypervisor stopped it, as host.halted() reports; "" of others
    macs: tuple = ()                # of its NICs
    disks: tuple = ()               # besides the root disk: "NAME MIB FORMAT"
    volumes: tuple = ()             # their serials


class Guests:
    """Guests by server id, kept in ``<state_dir>/fake/``; each change of power calls ``changed(server id, Power)``."""

    def __init__(self, state_dir, changed):
        self._folder = os.path.join(state_dir, "fake")
        os.makedirs(self._folder, exist_ok=True)        # also without guests: it shows which driver the state is of
        self._changed = changed
        self._lock = concurrency.Lock()
        self._all = {guest.id: guest for guest in self._remembered()}

    def get(self, server_id):
        """The Guest, or None."""
        return self._all.get(server_id)

    def powers(self):
        """{server id: Power}."""
        return {guest.id: guest.power for guest in tuple(self._all.values())}

    def macs(self, server_ids=None):
        """MACs of the guests that are on.  :param server_ids: of which; None: of all."""
        some = tuple(self._all.values()) if server_ids is None else [
            self._all[each] for each in server_ids if each in self._all]
        return {mac for guest in some if guest.power in (Power.RUNNING, Power.PAUSED) for mac in guest.macs}

    def put(self, guest):
        before = self._all.get(guest.id)
        if guest.power is not Power.PAUSED:
            guest = dataclasses.replace(guest, halted="")
        with self._lock:
            self._write(guest)
            self._all[guest.id] = guest
        if before is None or before.power is not guest.power:
            self._changed(guest.id, guest.power)

    def remove(self, server_id):
        with self._lock, contextlib.suppress(FileNotFoundError):
            known = self._all.pop(server_id, None)
            if known is not None:
                os.unlink(self._path(server_id))
        if known is not None:
            self._changed(server_id, Power.NOSTATE)

    def _path(self, server_id):
        if not _ID.fullmatch(server_id):
            raise ValueError(f"not a server id: {server_id!r}")
        return os.path.join(self._folder, server_id)

    def _write(self, guest):
        path = self._path(guest.id)
        atomic_file.write(path, orjson.dumps(dataclasses.asdict(guest)))

    def _remembered(self):
        for name in os.listdir(self._folder):
            if _ID.fullmatch(name):
                with open(os.path.join(self._folder, name), "rb") as memory:
                    fields = orjson.loads(memory.read())
                yield Guest(**fields | {"power": Power(fields["power"]), "macs": tuple(fields.get("macs", ())),
                                            "disks": tuple(fields.get("disks", ())),
                                            "volumes": tuple(fields.get("volumes", ()))})
