"""The file by which a state directory knows its cloud, ``keys/cloud.json``: the cloud's id and its highest mark."""

import json
import os
import typing

from nova_lite.common import atomic_file


class Known(typing.NamedTuple):
    """:ivar mark: 0 while the very first start has not ended."""

    cloud_id: str
    mark: int


def path(place):
    return os.path.join(place, "keys", "cloud.json")


def read(place):
    """Known, or None where there is no such file.

    :raises ValueError: it is damaged.
    """
    try:
        with open(path(place)) as file:
            found = json.load(file)
        return Known(str(found["cloud_id"]), int(found["mark"]))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError) as error:
        raise ValueError(f"no {error} in it") from error


def remember(place, cloud_id, mark):
    """Write, unless the file knows at least as much already."""
    known = read(place)
    if known is None or known.cloud_id != cloud_id or known.mark < mark:
        write(place, cloud_id, mark)


def write(place, cloud_id, mark):
    """Durable and whole, mode 0600."""
    target = path(place)
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    atomic_file.write(target, json.dumps({"cloud_id": cloud_id, "mark": mark}), durable=True)
