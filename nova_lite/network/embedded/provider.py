"""How networks leave their hosts: ``local`` ones do not, a ``flat`` one is on a NIC of each host, as its operator says.

The types that only administrators choose, and what is refused, are Neutron's.
"""

from nova_lite.conf import CONF
from nova_lite.network.exceptions import InvalidInput
from nova_lite.network.planes.capabilities import Capability, plane_capabilities

TYPE, PHYSICAL, SEGMENTATION = ("provider:network_type", "provider:physical_network", "provider:segmentation_id")
LOCAL, FLAT = "local", "flat"
_NAMES = {PHYSICAL: "physical_network", SEGMENTATION: "segmentation_id"}


def take(values):
    """Remove what a request says of it from ``values``; returns the physical network's name, None: it ends at its host.

    :raises InvalidInput: what it says is not possible here.
    """
    kind, physical, segmentation = (values.pop(each, None) for each in (TYPE, PHYSICAL, SEGMENTATION))
    if kind is None and physical is None and segmentation is None:
        return None
    if kind is None:
        raise InvalidInput(detail="network_type required")
    _prohibit(kind, {PHYSICAL: kind == LOCAL and physical, SEGMENTATION: segmentation})
    if kind == LOCAL:
        return None
    if kind != FLAT:
        raise InvalidInput(detail=f"network_type value '{kind}' not supported")
    if not physical:
        raise InvalidInput(detail="physical_network required for flat provider network")
    if Capability.PROVIDER_NETWORKS not in plane_capabilities() or not CONF.network.physical_networks:
        raise InvalidInput(detail="Flat provider networks are disabled")
    if physical not in CONF.network.physical_networks:
        raise InvalidInput(detail=f"physical_network '{physical}' unknown for flat provider network")
    return physical


def _prohibit(kind, said):
    for name, value in said.items():
        if value and kind in (LOCAL, FLAT):
            raise InvalidInput(detail=f"{_NAMES[name]} prohibited for {kind} provider network")


def check_unchanged(values):
    """Remove what a change says of it.  :raises InvalidInput: it says anything; a network stays where it is."""
    if {each for each in (TYPE, PHYSICAL, SEGMENTATION) if values.pop(each, None) is not None}:
        raise InvalidInput(detail="Only VLAN type networks can be updated.")
