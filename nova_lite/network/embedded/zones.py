"""Availability zones of networks and routers: where they are, and where their owners wish them to be."""

import json

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import hosts
from nova_lite.network import exceptions

BINARY = "nova-compute"         # whose process has the networks of its host
HINTS = "availability_zone_hints"
_LONGEST = 255                  # characters of all hints together, as JSON


def name(zone):
    """:param zone: of a host; None: the default one."""
    return zone or CONF.scheduler.default_availability_zone


def check_hints(session, values):
    """Of a new network or router.  :raises AvailabilityZoneNotFound: no host is in one of the zones.

    :raises InvalidInput: they are too many.
    """
    hints = values.get(HINTS)
    if not hints:
        return
    if len(json.dumps(hints)) > _LONGEST:
        raise exceptions.InvalidInput(detail="Too many availability_zone_hints specified.")
    there = {name(row.availability_zone) for row in hosts.services(session, binary=BINARY)}
    unknown = [each for each in hints if each not in there]
    if unknown:
        raise exceptions.AvailabilityZoneNotFound(availability_zone=", ".join(unknown))


def of(query, resource_ids):
    """{id: sorted names of its zones}  :param query: of db.network.zones."""
    if not resource_ids:
        return {}
    with db.reader() as session:
        return {key: sorted(map(name, found)) for key, found in query(session, resource_ids).items()}
