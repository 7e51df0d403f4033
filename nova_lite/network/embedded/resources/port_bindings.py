"""Several bindings of one port: the active one, and others on hosts to which its traffic may move."""

from nova_lite import db
from nova_lite.db import hosts
from nova_lite.db.models.networks import Port
from nova_lite.db.network import host_scopes, port_bindings, rows
from nova_lite.network import binding_exceptions, exceptions
from nova_lite.network.embedded.resources.ports import held
from nova_lite.network.embedded.zones import BINARY
from nova_lite.network.listing import page_of
from nova_lite.objects.desired_state import of_host
from nova_lite.objects.port_binding import BindingState

#: device_owner of the ports that may have several.
_OWNERS = ("compute:", "manila:")


class PortBindings:
    """Dicts of host, status, vif_type, vnic_type, profile and vif_details, of a port that the caller has loaded.

    Whose port a server's is bound to is the server's host: that changes when the server moves, not here.

    :param ports: the Ports.  :param changes: a desired_state.Changes.
    """

    def __init__(self, ports, changes):
        self._ports = ports
        self._changes = changes

    def list(self, port, ask):
        """:raises PortBindingNotFound: the marker, a host, is of none.  :raises BadRequest: as every method here, where
        ports of the owner have one binding alone.
        """
        if ask.marker is not None:
            self.get(port, ask.marker)
        return page_of(self._of(port), ask, "host")

    def get(self, port, host):
        """:raises PortBindingNotFound:"""
        found = next((each for each in self._of(port) if each["host"] == host), None)
        if found is None:
            raise binding_exceptions.PortBindingNotFound(port_id=port["id"], host=host)
        return found

    @staticmethod
    def _of(port):
        if not port["device_owner"].startswith(_OWNERS):
            raise exceptions.BadRequest(resource="port", detail=(
                f"Invalid port {port['id']}. Operation only valid on compute and shared filesystem ports"))
        with db.reader() as session:
            return port_bindings.of_port(session, port["id"])

    def add(self, port, host, profile):
        """An inactive binding.

        :raises PortBindingAlreadyExists: on that host the port has one.
        :raises PortBindingError: a server's port cannot be on a host that there is not.
        """
        with db.writer() as session:
            port = held(self._ports, session, port)
            self._check_free(session, port, host)
            port_bindings.add_inactive(session, port["id"], host, profile)
            self._moved(session, port, after=host)
            return self.get(port, host)

    def update(self, port, host, values):
        """:param values: "host" and "binding_profile", either may be missing.

        :raises PortBound: the active binding of a server's port cannot move.  Otherwise as ``add``.
        """
        with db.writer() as session:
            port = held(self._ports, session, port)
            found = self.get(port, host)
            wanted = values.get("host", host)
            if wanted != host:
                _check_movable(port, found["status"] == BindingState.ACTIVE)
                self._check_free(session, port, wanted)
            values = {**values} if wanted != host else {name: one for name, one in values.items() if name != "host"}
            if values.get("binding_profile", found["profile"]) != found["profile"] or wanted != host:
                port_bindings.update_on(session, port["id"], host, values)
                self._moved(session, port, before=host if wanted != host else None,
                            after=wanted if wanted != host else None)
            return self.get(port, wanted)

    def activate(self, port, host):
        """Make an inactive binding the active one, which becomes inactive.

        :raises PortBindingAlreadyActive:  :raises PortBound: a server has the port.
        """
        with db.writer() as session:
            port = held(self._ports, session, port)
            if port["host"] == host:
                self._of(port)
                raise binding_exceptions.PortBindingAlreadyActive(port_id=port["id"], host=host)
            self.get(port, host)
            _check_movable(port, active=True)
            port_bindings.activate(session, port["id"], host)
            rows.raise_revision(session, Port, port["id"])
            return self.get(port, host)

    def remove(self, port, host):
        """Of an active binding the port is bound nowhere afterwards.

        :raises PortBindingNotFound:  :raises PortBound: it is the active one of a server's port.
        """
        with db.writer() as session:
            port = held(self._ports, session, port)
            if self.get(port, host)["status"] == BindingState.ACTIVE:
                _check_movable(port, active=True)
                port_bindings.update(session, port["id"], {"host": None, "binding_profile": {}})
                rows.raise_revision(session, Port, port["id"])
            else:
                port_bindings.remove_inactive(session, port["id"], host)
                self._moved(session, port, before=host)

    def _check_free(self, session, port, host):
        if any(each["host"] == host for each in self._of(port)):
            raise binding_exceptions.PortBindingAlreadyExists(port_id=port["id"], host=host)
        if port["server_id"] and not hosts.services(session, host=host, binary=BINARY):
            raise binding_exceptions.PortBindingError(port_id=port["id"], host=host)

    def _moved(self, session, port, *, before=None, after=None):
        """A server's port is no more on one host, or is on another (None: as it was), which are notified."""
        if port["server_id"]:
            host_scopes.gone(session, before, [port["id"]])
            host_scopes.changed(session, after, [port["id"]])
            for each in filter(None, (before, after)):
                self._changes.notify(session, [each], of_host(each))


def _check_movable(port, active):
    """:raises PortBound: the active binding of a server's port would be another one."""
    if active and port["server_id"]:
        raise exceptions.PortBound(port_id=port["id"], server_id=port["server_id"])
