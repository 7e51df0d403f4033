"""Segments of networks; a network begins with one, of its own type, and no host makes anything else of more."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db.base import new_id
from nova_lite.db.models.networks import Network
from nova_lite.db.models.segments import Segment
from nova_lite.db.network import rows
from nova_lite.db.network import segments as segment_queries
from nova_lite.network import exceptions, segment_exceptions
from nova_lite.network.embedded.resource import Resource

_PLACE = ("physical_network", "segmentation_id")


class Segments(Resource):
    """Dicts as the columns of the model.  :param networks: the Networks."""

    resource = "segment"
    _query = staticmethod(segment_queries.segments)
    model = Segment

    def __init__(self, networks):
        self._networks = networks

    @staticmethod
    def missing(segment_id):
        return segment_exceptions.SegmentNotFound(segment_id=segment_id)

    def _before(self, session, context, several, revision):
        for network_id in sorted({each["network_id"] for each in several}):
            rows.lock(session, Network, network_id, writing=False)
            self._networks.owned(context, network_id)

    def _insert(self, session, context, values):
        """:param values: network_id, network_type, and name, description, physical_network, segmentation_id, tags.

        :raises NetworkNotFound:  :raises InvalidInput: it would be on a physical network, where a network is from its
            beginning or never, or of a type that no network here is.
        """
        kind = values["network_type"]
        if kind != segment_queries.LOCAL:
            raise exceptions.InvalidInput(detail=f"network_type value '{kind}' not supported.")
        for name in _PLACE:
            if values.get(name):
                raise exceptions.InvalidInput(detail=f"{name} prohibited for local provider network.")
        values = {"id": new_id(), **values, "description": values.get("description") or ""}
        rows.insert(session, Segment, values | dict.fromkeys(_PLACE))
        return values["id"]

    def update(self, context, segment, values, revision=None):
        """:param values: name, description."""
        with db.writer():
            found = self.hold(segment["id"], revision)
            self.write(found, values)
            return self.load(ALL, found["id"])

    def delete(self, context, segment, revision=None):
        """:raises SegmentInUse: its network has no other."""
        with db.writer() as session:
            rows.lock(session, Network, segment["network_id"])
            found = self.hold(segment["id"], revision)
            if segment_queries.number_of(session, found["network_id"]) == 1:
                raise segment_exceptions.SegmentInUse(
                    segment_id=found["id"], reason=f"Network {found['network_id']} has no other segment")
            self.remove(found["id"])
