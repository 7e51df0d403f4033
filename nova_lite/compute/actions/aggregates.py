"""Aggregates: groups of hosts with metadata, which may be availability zones; images are cached on their hosts."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import aggregates, hosts

_IN_ZONES = "One or more hosts already in availability zone(s) {}"
_OCCUPIED = "One or more hosts contain instances in this zone"


class Aggregates:
    """Rows are those of ``db.aggregates``; their hosts come beside them.

    A server never changes its zone: what would change the zone of a host with servers is refused.
    """

    def __init__(self, image, compute_rpc):
        self._image = image
        self._rpc = compute_rpc

    def list(self, context):
        """``(rows, {aggregate id: [host]})``."""
        with db.reader() as session:
            return aggregates.find(session), aggregates.hosts(session)

    def get(self, context, id):
        """``(row, [host])``.  :raises AggregateNotFound:"""
        with db.reader() as session:
            return _whole(session, id)

    def create(self, context, name, zone=None):
        """:raises AggregateNameExists:"""
        with db.writer() as session:
            return _whole(session, aggregates.create(session, name, {aggregates.ZONE: zone} if zone else {}))

    def update(self, context, id, *, name=None, metadata=None):
        """Change the name and items of the metadata; an item that is None is removed.

        :raises AggregateNotFound, AggregateNameExists:
        :raises AggregateNotUpdated: (400) the zone cannot change.
        """
        what = "update metadata of" if name is None and metadata is not None else "update"
        return self._update(id, name, metadata or {}, what)

    def set_zone(self, context, id, zone, name=None):
        """Change the availability zone, as ``update``."""
        return self._update(id, name, {aggregates.ZONE: zone}, "update")

    def _update(self, id, name, items, what):
        with db.writer() as session:
            row = aggregates.get(session, id, lock=True)
            if aggregates.ZONE in items:
                _check_zone(session, row, items[aggregates.ZONE], what)
            metadata = {key: value for key, value in {**row.metadata, **items}.items() if value is not None}
            aggregates.update(session, id, metadata=metadata, name=name)
            if aggregates.ZONE in items:
                here = aggregates.hosts(session, [id]).get(id, [])
                aggregates.write_zone(session, here, metadata.get(aggregates.ZONE))
            return _whole(session, id)

    def delete(self, context, id):
        """:raises AggregateNotFound:  :raises AggregateHostNotRemoved: (400) hosts are in it."""
        with db.writer() as session:
            aggregates.get(session, id, lock=True)
            if aggregates.hosts(session, [id]):
                raise exceptions.BadRequest(
                    f"Cannot remove host from aggregate {id}. Reason: Host aggregate is not empty.")
            aggregates.delete(session, id)

    def add_host(self, context, id, host):
        """:raises AggregateNotFound, HostNotFound:  :raises Conflict: it is there, or would be in two zones."""
        with db.writer() as session:
            if not hosts.has_place(session, host, None):
                raise exceptions.HostNotFound(host=host)
            row = aggregates.get(session, id, lock=True)
            zone, other = row.metadata.get(aggregates.ZONE), aggregates.other_zones(session, id, [host]).get(host)
            if zone and other not in (None, zone):
                raise exceptions.Conflict(
                    f"Cannot add host to aggregate {id}. Reason: {_IN_ZONES.format([other])}.")
            if zone and other is None:
                _check_moves(session, host, None, zone, f"Cannot add host to aggregate {id}.", "added to")
            aggregates.add_host(session, id, host)
            if zone:
                aggregates.write_zone(session, [host], zone)
            return _whole(session, id)

    def remove_host(self, context, id, host):
        """:raises NotFound: the host is not in such an aggregate.  :raises Conflict: its servers are in the zone."""
        with db.writer() as session:
            try:
                row = aggregates.get(session, id, lock=True)
            except exceptions.AggregateNotFound as error:
                raise exceptions.AggregateHostNotFound(aggregate_id=id, host=host) from error
            if host not in aggregates.hosts(session, [id]).get(id, []):
                raise exceptions.AggregateHostNotFound(aggregate_id=id, host=host)
            zone, other = row.metadata.get(aggregates.ZONE), aggregates.other_zones(session, id, [host]).get(host)
            if zone and other is None:
                _check_moves(session, host, zone, None, f"Cannot remove host from aggregate {id}.", "removed from")
            aggregates.remove_host(session, id, host)
            aggregates.write_zone(session, [host], other)
            return _whole(session, id)

    def cache_images(self, context, id, image_ids):
        """Ask the hosts of an aggregate to cache these images, without waiting for them.

        :raises AggregateNotFound:  :raises BadRequest: an image cannot be used.
        """
        with db.reader() as session:
            _, names = _whole(session, id)
        try:
            images = [self._image.for_server(context, each) for each in image_ids]
        except exceptions.ImageNotFound as error:
            raise exceptions.BadRequest(str(error)) from error
        for host in names:
            self._rpc.cache_images(context, host, images)

    def zones(self, context):
        """{host: zone} of the hosts that are not in the default zone."""
        with db.reader() as session:
            return aggregates.zones(session)


def _whole(session, id):
    return aggregates.get(session, id), aggregates.hosts(session, [id]).get(id, [])


def _check_zone(session, row, zone, what):
    def refuse(reason):
        raise exceptions.AggregateNotUpdated(what=what, aggregate_id=row.id, reason=reason)

    if not zone:
        refuse(f"Aggregate {row.name} does not support empty named availability zone")
    here = aggregates.hosts(session, [row.id]).get(row.id, [])
    others = sorted({other for other in aggregates.other_zones(session, row.id, here).values() if other != zone})
    if others:
        refuse(_IN_ZONES.format(others))
    if zone != row.metadata.get(aggregates.ZONE) and aggregates.has_servers(session, here):
        refuse(_OCCUPIED)


def _check_moves(session, host, old, new, sentence, verb):
    count = aggregates.has_servers(session, [host])
    if count and (old or CONF.scheduler.default_availability_zone) != (
            new or CONF.scheduler.default_availability_zone):
        raise exceptions.Conflict(
            f"{sentence} Reason: The host cannot be {verb} the aggregate: its availability zone would change from "
            f"'{old}' to '{new}', and it has {count} instance(s), which cannot change theirs. Move them away first.")
