"""What a new cloud begins with: users, flavors, a network, and where guests are only remembered, a small image."""

import contextlib
import json
import logging
import os
import secrets

from nova_lite import db
from nova_lite.common import atomic_file, context, exceptions
from nova_lite.conf import CONF
from nova_lite.db import flavors, identity
from nova_lite.identity import bootstrap as first
from nova_lite.image import builtin

LOG = logging.getLogger(__name__)

#: name, VCPUs, MiB, GiB; the small ones suit guests under TCG, the others are the sizes that everybody's scripts name
_FLAVORS = (
    ("1", "m1.tiny", 1, 512, 1), ("2", "m1.small", 1, 2048, 20), ("3", "m1.medium", 2, 4096, 40),
    ("4", "m1.large", 4, 8192, 80), ("5", "m1.xlarge", 8, 16384, 160), ("42", "m1.nano", 1, 192, 1),
    ("84", "m1.micro", 1, 256, 1),
)


def run(facades, repair=True):
    """Make what is missing; nothing that exists is changed.

    :param repair: False: the first users and projects only in a new cloud, and what belongs to a service that does not
        answer is left to the next start.
    """
    given = known_passwords(CONF.state_dir)
    if given is None and not _has_users(first.USERS if repair else ()):
        given = passwords(CONF.state_dir)       # kept first: a user whose password nobody knows would stay one
    facades.identity.bootstrap(given, repair)
    _flavors()
    with _unless_away("network", repair):
        operator = next((each.id for each in _projects(facades, "admin")), None)
        for demo in _projects(facades, "demo"):
            facades.network.ensure_first_networks(demo.id, operator)
    with _unless_away("image", repair):
        _first_image(facades)


@contextlib.contextmanager
def _unless_away(service, needed):
    """A cloud starts without a service of somebody else's that does not answer.  :raises PeerAway: it is needed."""
    try:
        yield
    except exceptions.PeerAway as error:
        if needed:
            raise
        LOG.warning("What a new cloud has of the %s service is looked for at the next start: %s", service, error)


def _projects(facades, name):
    return facades.identity.projects.list({"name": name, "domain_id": first.DOMAIN})


def _first_image(facades):
    admins = _projects(facades, "admin")
    if CONF.compute.driver == "fake" and admins:
        [admin] = admins
        try:
            builtin.ensure(facades.image, context.admin(), admin.id)
        except exceptions.ImageStoreFull as error:
            raise exceptions.Misconfigured(
                problem=f"There is no space for a first image in {os.path.join(CONF.state_dir, 'images')}: "
                        f"[image] reserved_mb = {CONF.image.reserved_mb} MiB stay free there.",
                remedy="Free space, set reserved_mb lower, or choose another place by --state-dir DIR.") from error


def _flavors():
    """The first flavors, where there are none: one that was deleted stays deleted."""
    with db.writer() as session:
        if flavors.find(session, limit=1):
            return
        for flavorid, name, vcpus, memory_mb, root_gb in _FLAVORS:
            flavors.create(session, flavorid=flavorid, name=name, vcpus=vcpus, memory_mb=memory_mb, root_gb=root_gb)


def _has_users(names):
    """Whether there are all of ``names``, or, without any, any user."""
    with db.reader() as session:
        return (all(identity.named(session, "user", name, first.DOMAIN) for name in names) if names
                else bool(identity.list_(session, "user", {}, limit=1)))


def known_passwords(place):
    """{"admin": ..., "demo": ...} as they were at the first start; None where the file is gone."""
    try:
        with open(_path(place)) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def _path(place):
    return os.path.join(place, "keys", "passwords.json")


def passwords(place):
    """As known_passwords; made up where there are none, and kept in ``keys/passwords.json`` (0600)."""
    path, known = _path(place), known_passwords(place)
    if known is not None:
        return known
    made = {user: secrets.token_urlsafe(18) for user in ("admin", "demo")}
    atomic_file.write(path, json.dumps(made), durable=True)
    return made
