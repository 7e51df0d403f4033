"""The hardware that flavors (extra specs) and images (properties) ask for: what it comes to, what contradicts itself.

Pure functions of a ``Requirements``; the API refuses by them before anything is made, and hosts build guests by them.
"""

from nova_lite.common import exceptions
from nova_lite.common.hardware import numa, processors, properties, topology
from nova_lite.common.hardware.requirements import Requirements

__all__ = ["Requirements", "check"]

_AGREE = ("pmu", "vif_multiqueue_enabled")


def check(requirements):
    """:raises BadRequest: no guest can be as flavor and image ask; in Nova's words."""
    if not requirements.any:
        return
    properties.check(requirements.properties)
    for name in _AGREE:
        requirements.agreed(name)
    requirements.agreed("virtio_packed_ring", named=False)
    topology.limits(requirements)
    numa.cells(requirements)
    processors.serial_ports(requirements)
    requirements.encrypted()
    _check_lent(requirements.specs)


def _check_lent(specs):
    """Devices of the host's that guests borrow; none are."""
    alias, profile = specs.get("pci_passthrough:alias"), specs.get("accel:device_profile")
    if alias:
        raise exceptions.BadRequest(f"PCI alias {alias.partition(':')[0]} is not defined")
    if profile:
        raise exceptions.BadRequest(f"Device profile name {profile}: there is no accelerator service.")
