"""The hardware that flavors (extra specs) and images (properties) ask for: what it comes to, what contradicts itself.

Pure functions of a ``Wishes``; the API refuses by them before anything is made, and hosts build guests by them.
"""

from nova_lite.common import exception
from nova_lite.common.hardware import numa, processors, properties, topology
from nova_lite.common.hardware.wishes import Wishes

__all__ = ["Wishes", "check"]

_AGREE = ("pmu", "vif_multiqueue_enabled")


def check(wishes):
    """:raises BadRequest: no guest can be as flavor and image ask; in Nova's words."""
    if not wishes.any:
        return
    properties.check(wishes.properties)
    for name in _AGREE:
        wishes.agreed(name)
    wishes.agreed("virtio_packed_ring", named=False)
    topology.limits(wishes)
    numa.cells(wishes)
    processors.serial_ports(wishes)
    wishes.encrypted()
    _check_lent(wishes.specs)


def _check_lent(specs):
    """Devices of the host's that guests borrow; none are."""
    alias, profile = specs.get("pci_passthrough:alias"), specs.get("accel:device_profile")
    if alias:
        raise exception.BadRequest(f"PCI alias {alias.partition(':')[0]} is not defined")
    if profile:
        raise exception.BadRequest(f"Device profile name {profile}: there is no accelerator service.")
