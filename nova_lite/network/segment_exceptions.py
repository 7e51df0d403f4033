"""Why a request about segments is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class SegmentNotFound(exceptions.NotFound):
    template = "Segment {segment_id} could not be found."


class SegmentInUse(exceptions.Conflict):
    """In Neutron because subnets or bound ports need it; here a network's last one is in use."""

    template = "Segment '{segment_id}' cannot be deleted: {reason}."
