"""Whether a database and a state directory are of one cloud: missing state is never taken for a new cloud.

At the very first start both get the cloud's id.  From then on a database without it, a state directory without it, and
one of another cloud are refused, because what follows from an empty database is the end of all that is not in it.
"""

import os
import re

import sqlalchemy as sa

from nova_lite import db
from nova_lite.common import cloud_file, crypt, exceptions
from nova_lite.conductor import cloud_mark
from nova_lite.conf import CONF
from nova_lite.db import cloud, migrate, session
from nova_lite.db.base import new_id
from nova_lite.identity.keys import Keys

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ADOPT = "nova-lite-manage cloud adopt"


def refuse_lost_database():
    """Before the schema is made, so that a refused start makes no empty database either.

    :raises Misconfigured: the database is empty or not there, and the state directory is one of a cloud that ran.
    """
    if _is_empty():
        _refuse_remnants()


def claim():
    """The schema is there: make this cloud's identity at its first start, else compare.

    :raises Misconfigured: database and state directory do not belong together.
    """
    place, known = CONF.state_dir, _known()
    with db.reader() as reading:
        row = cloud.get(reading)
    if row is None:
        _refuse_remnants()
        cloud_file.write(place, known.cloud_id if known else new_id(), 0)
        _make_keys()
        with db.writer() as writing:
            row = cloud.create(writing, cloud_file.read(place).cloud_id)
        known = cloud_file.Known(row.cloud_id, row.mark)
        cloud_file.write(place, *known)
    _compare(row, known)


def _compare(row, known):
    place = CONF.state_dir
    if known is None or not _has_keys():
        raise exceptions.Misconfigured(
            problem=f"The {_database()} is of cloud {row.cloud_id}, whose keys are not in {place}/keys.",
            remedy="Put keys/ back from a backup, or copy it from another machine of this cloud. If they are lost for "
                   f"good, make new ones: {_ADOPT}. All tokens end then, and passwords stay.")
    if known.cloud_id != row.cloud_id:
        raise exceptions.Misconfigured(
            problem=f"The {_database()} is of cloud {row.cloud_id}, and the state directory {place} of cloud "
                    f"{known.cloud_id}.",
            remedy="See that [database] connection and --state-dir are of one cloud.")
    with db.writer() as writing:
        cloud_mark.restore(writing, known.mark)


def adopt():
    """Declare that this database and this state directory belong together from now on; returns the cloud's id.

    Nothing that either knows and the other does not is deleted for it.
    """
    known = _known()
    with db.writer() as writing:
        row = cloud.get(writing) or cloud.create(writing, known.cloud_id if known else new_id())
        cloud.restored(writing, max(row.mark, known.mark if known else 0))
        row = cloud.get(writing)
    _make_keys()
    cloud_file.write(CONF.state_dir, row.cloud_id, row.mark)
    return row.cloud_id


def _known():
    try:
        return cloud_file.read(CONF.state_dir)
    except ValueError as error:
        raise exceptions.Misconfigured(problem=f"{cloud_file.path(CONF.state_dir)} is damaged: {error}.",
                                      remedy=f"Put it back from a backup, or remove it and run: {_ADOPT}.") from error


def _refuse_remnants():
    found = remnants(CONF.state_dir)
    if found:
        raise exceptions.Misconfigured(
            problem=f"The state directory {CONF.state_dir} has {', '.join(found)} of a cloud, but the {_database()} is "
                    "empty.",
            remedy="Put the database back from a backup, or see that [database] connection names the right one. For a "
                   "new cloud choose another --state-dir, or move this one away. If the database is lost for good: "
                   f"{_ADOPT} begins an empty one, and leaves all guests, disks and images alone.")


def remnants(place):
    """What a cloud that ran has left in its state directory, in words: ["images", "instances", "keys"]."""
    found = [name for name in ("images", "instances", "cache/images", "fake")
             if any(_ID.match(each) for each in _listed(os.path.join(place, name)))]
    known = _known()
    if (known is not None and known.mark > 0) or (known is None and _has_keys()):
        found.append("keys")
    return found


def _has_keys():
    """Those that seal tokens; the other's loss costs only what it sealed, passwords of servers that are being built."""
    return any(name.isdigit() for name in _listed(os.path.join(CONF.state_dir, "keys", "tokens")))


def _make_keys():
    Keys().seal(b"")
    crypt.seal("")


def _listed(path):
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []


def _is_empty():
    """Whether no cloud ever used the database; a file that is not there is not made for it."""
    url = sa.make_url(session.url())
    path = (url.database or "").removeprefix("file:")           # with ?uri=true SQLite takes a URI
    if url.get_backend_name() == "sqlite" and not (path and os.path.exists(path)):
        return True
    return migrate.version() is None


def _database():
    return f"database {migrate.where()}"
