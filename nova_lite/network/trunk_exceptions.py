"""Why a request about trunks is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class TrunkNotFound(exceptions.NotFound):
    template = "Trunk {trunk_id} could not be found."


class SubPortNotFound(exceptions.NotFound):
    template = "SubPort {port_id} on trunk {trunk_id} could not be found."


class TrunkPortInUse(exceptions.Conflict):
    template = "Port {port_id} is in use by another trunk."


class ParentPortInUse(exceptions.Conflict):
    template = "Port {port_id} is currently in use and is not eligible for use as a parent port."


class DuplicateSubPort(exceptions.Conflict):
    template = ("segmentation_type {segmentation_type} and segmentation_id {segmentation_id} already in use on trunk "
                "{trunk_id}.")


class SubPortMtuGreaterThanTrunkPortMtu(exceptions.Conflict):
    template = "MTU {port_mtu} of subport {port_id} cannot be greater than MTU {trunk_mtu} of trunk {trunk_id}."


class PortInUseAsTrunkParent(exceptions.Conflict):
    template = "Port {port_id} is currently a parent port for trunk {trunk_id}."


class PortInUseAsSubPort(exceptions.Conflict):
    template = "Port {port_id} is currently a subport for trunk {trunk_id}."


class TrunkDisabled(exceptions.Conflict):
    template = "Trunk {trunk_id} is currently disabled."
