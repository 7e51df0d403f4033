"""Why a request about bindings of a port is refused; the names are Neutron's."""

from nova_lite.common import exceptions


class PortBindingNotFound(exceptions.NotFound):
    template = "Binding for port {port_id} for host {host} could not be found."


class PortBindingAlreadyExists(exceptions.Conflict):
    template = "Binding for port {port_id} on host {host} already exists."


class PortBindingAlreadyActive(exceptions.Conflict):
    template = "Binding for port {port_id} on host {host} is already active."


class PortBindingError(exceptions.Conflict):
    """Of a host that does not exist; from Neutron, which cannot know that, it is an error of the server (500)."""

    template = "Binding for port {port_id} on host {host} could not be created or updated."
