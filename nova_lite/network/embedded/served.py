"""What the configured data plane is not capable of is refused instead of kept without an effect."""

from nova_lite.conf import CONF
from nova_lite.network.exceptions import InvalidInput
from nova_lite.network.planes.capabilities import plane_capabilities


def check_capable(capability, cannot):
    """:param cannot: what this cloud's networks do without it: "have no routers".

    :raises InvalidInput: the plane lacks it.
    """
    if capability not in plane_capabilities():
        raise InvalidInput(detail=f"The networks of this cloud ([network] plane = {CONF.network.plane}) {cannot}.")
