"""Numbers of the zones in which networks' connections are followed: each is one network's of this machine.

A file that all clouds of the machine share names their owners; it goes with a reboot, as the connections do.  The
functions block for moments.
"""

import contextlib
import fcntl
import hashlib
import json
import os

from nova_lite.network.planes.linux.exceptions import HostNetworkError

_PATH = "/run/nova_lite-zones.json"
#: The first ones are left to others, who count from 1.
_FIRST, _COUNT = 1024, 64512


def allot(cloud, network_ids):
    """The zones of networks, the same as before for those that had one; others of this cloud lose theirs.

    :returns: ({network id: number of its zone}, {numbers that were not in use before}).
    """
    with _owners() as owners:
        mine = {f"{cloud}:{each}": each for each in network_ids}
        for number in [key for key, owner in owners.items() if owner.startswith(f"{cloud}:") and owner not in mine]:
            del owners[number]
        numbers, new = {owner: int(number) for number, owner in owners.items()}, set()
        for owner in mine:
            if owner not in numbers:
                numbers[owner] = _free(owner, owners)
                owners[str(numbers[owner])] = owner
                new.add(numbers[owner])
        return {network_id: numbers[owner] for owner, network_id in mine.items()}, new


def _free(owner, owners):
    start = int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big")
    for step in range(_COUNT):
        number = _FIRST + (start + step) % _COUNT
        if str(number) not in owners:
            return number
    raise HostNetworkError(reason=f"all {_COUNT} zones of connections are in use (see {_PATH})")


@contextlib.contextmanager
def _owners():
    """{number as text: "cloud:network"}, which is saved at the end where it changed."""
    with open(os.open(_PATH, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        try:
            owners = dict(json.loads(text or "{}"))
        except ValueError:                  # half written when the power went
            owners = {}
        before = dict(owners)
        yield owners
        if owners != before:
            file.seek(0)
            file.truncate()
            json.dump(owners, file)
