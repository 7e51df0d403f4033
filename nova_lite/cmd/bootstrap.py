"""What a new cloud begins with: users, flavors, a network, and where guests are only remembered, a small image."""

import json
import os
import secrets

from nova_lite import db
from nova_lite.common import context
from nova_lite.conf import CONF
from nova_lite.db import flavors
from nova_lite.image import builtin

#: name, VCPUs, MiB, GiB; the small ones suit guests under TCG, the others are the sizes that everybody's scripts name
_FLAVORS = (
    ("1", "m1.tiny", 1, 512, 1), ("2", "m1.small", 1, 2048, 20), ("3", "m1.medium", 2, 4096, 40),
    ("4", "m1.large", 4, 8192, 80), ("5", "m1.xlarge", 8, 16384, 160), ("42", "m1.nano", 1, 192, 1),
    ("84", "m1.micro", 1, 256, 1),
)


def run(doors):
    """Make what is missing; nothing that exists is changed."""
    doors.identity.bootstrap(passwords(CONF.state_dir))
    _flavors()
    [demo] = doors.identity.projects.list({"name": "demo"})
    doors.network.ensure_default_network(demo.id)
    if CONF.compute.driver == "fake":
        builtin.ensure(doors.image, context.admin())


def _flavors():
    """The first flavors, where there are none: one that was deleted stays deleted."""
    with db.writer() as session:
        if flavors.find(session, limit=1):
            return
        for flavorid, name, vcpus, memory_mb, root_gb in _FLAVORS:
            flavors.create(session, flavorid=flavorid, name=name, vcpus=vcpus, memory_mb=memory_mb, root_gb=root_gb)


def passwords(place):
    """{"admin": ..., "demo": ...}, made up at the first start and kept in ``keys/passwords.json`` (0600)."""
    path = os.path.join(place, "keys", "passwords.json")
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        made = {user: secrets.token_urlsafe(18) for user in ("admin", "demo")}
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(made, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    return made
