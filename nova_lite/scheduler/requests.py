"""The request that an operation's server makes of the scheduler."""

from nova_lite.db import amounts, scheduling
from nova_lite.scheduler.request import Destination, Group, Request

_BESIDE = ("same_host", "different_host")


def of(session, server, args):
    """:param server: its row.  :param args: of the operation: "host", "node", "forced" and "excluded" are read."""
    flavor, hints = server.flavor, server.scheduler_hints
    named = [each for hint in _BESIDE for each in hints.get(hint) or () if each]
    return Request(
        server_id=server.id, project_id=server.project_id, **amounts.of_flavor(flavor), flavor_name=flavor["name"],
        extra_specs=flavor["extra_specs"], image_id=server.image_id, image_properties=server.image_properties,
        availability_zone=server.availability_zone,
        destination=_destination(args), hints=hints, excluded=frozenset(args.get("excluded", ())),
        group=_group(session, server),
        neighbours=scheduling.hosts_of(session, named, server.project_id) if named else {})


def of_image(server):
    """Whether the host of ``server`` may run its image: what its flavor and hints ask was asked when it was placed."""
    return Request(
        server_id=server.id, project_id=server.project_id, **amounts.of_flavor(server.flavor),
        flavor_name=server.flavor["name"], image_id=server.image_id, image_properties=server.image_properties,
        destination=Destination(server.host, None, forced=False), placed=True)


def _destination(args):
    if not args.get("host") and not args.get("node"):
        return None
    return Destination(args.get("host"), args.get("node"), bool(args.get("forced")))


def _group(session, server):
    found = scheduling.group(session, server.group_id, server.id) if server.group_id else None
    if found is None:
        return None
    row, placed = found
    return Group(row.policy, placed, row.max_server_per_host or 1)
