"""The contract of data planes: what makes of desired state a network that carries packets.

A consumer follows scopes of desired state, and has its plane apply their changes.  On hosts that is network.agent.Agent
with a HostPlane; a plane with a database of its own has one consumer that follows every scope, and is a Plane alone.

``tests/plane_contract.py`` holds the checks that run on every plane of hosts.
"""

import abc
import dataclasses
import typing

from nova_lite.network.planes import groups
from nova_lite.network.planes.capabilities import Capability, needed
from nova_lite.network.planes.exceptions import PortNotHere
from nova_lite.network.planes.known_groups import Groups


class Applied(typing.NamedTuple):
    """What became of one scope.

    :ivar revision: the one that is in force; None: the one that was before.
    :ivar error: why what was asked for is not in force, for administrators; "": it is.
    """

    revision: int | None
    error: str = ""


class PortState(typing.NamedTuple):
    """One port as a plane has it.

    :ivar server_id: whose it is.  :ivar network_id: "" where an earlier life of the plane made it and forgot.
    :ivar revisions: (the port's revision, the network's) that are in force.
    :ivar has_device: whether the device of a guest's NIC is there and on the port's network.
    :ivar error: why the network is not in force; "": it is.
    """

    server_id: str
    network_id: str
    revisions: tuple
    has_device: bool
    error: str = ""

    @property
    def works(self):
        return self.has_device and not self.error


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What a plane has at one moment, and whose it is.

    :ivar ports: {port id: PortState}
    :ivar devices: names of the devices on this cloud's networks that are guests'; None: there are no devices.
    :ivar loose: names of ports' devices that are on no network.
    :ivar strays: ids of networks and routers of which something is there that no port needs, and no guest is on.
    :ivar leases: {"mac,address" that DHCP answers: id of the port with that MAC, or ""}; None: there is no DHCP.
    :ivar altered: where rules or limits are not those that the plane set: "host", ids of networks and routers, devices.
    """

    ports: dict
    devices: list | None = None
    loose: list = dataclasses.field(default_factory=list)
    strays: list = dataclasses.field(default_factory=list)
    leases: dict | None = None
    altered: list = dataclasses.field(default_factory=list)


class Hop(typing.NamedTuple):
    """One place that a packet comes by.

    :ivar place: "device", "network", "gateway", "router", "next_hop", "floating_ip", "outside", "port" or "nowhere".
    :ivar what: its name, id or address, or why not.  From a floating IP on, the packet comes from it, or is for it.
    """

    place: str
    what: str


class Plane(abc.ABC):
    """What applies scopes.  Every call may be repeated.

    :cvar name: as ``capabilities.PLANES`` has it.  :ivar capabilities: {Capability}
    """

    capabilities = frozenset()

    @abc.abstractmethod
    def moment(self):
        """The present position in the order of the plane's own changes, for ``apply``."""

    def apply(self, changes, since, in_use):
        """Apply changes of the desired state.

        :param changes: [objects.ScopeChanges, RouterChanges, GroupChanges or AddressGroupChanges], each whole or since
            what was applied before.
        :param since: the ``moment`` before they were fetched: they do not include what the plane changed later.
        :param in_use: callable([state.Port]) -> ids of those that guests use; these stay in any case.
        :returns: {scope: Applied} of all ``changes``; a scope that takes what the plane is not capable of is an error.
        """
        lacks = {each.scope: needed(each.scope) for each in changes}
        lacks = {scope: what for scope, what in lacks.items() if what is not None and what not in self.capabilities}
        served = [each for each in changes if each.scope not in lacks]
        return self._apply(served, since, in_use) | {
            scope: Applied(None, f"This host's networks have no {what}.") for scope, what in lacks.items()}

    @abc.abstractmethod
    def _apply(self, changes, since, in_use):
        """As ``apply``, of scopes that the plane is capable of."""

    @abc.abstractmethod
    def ports(self, only=None):
        """{port id: PortState} as cheaply as that can be had: it is asked at each change of a guest.

        :param only: [port id]; those that are not here are left out.  None: all ports.
        """

    @abc.abstractmethod
    def watch(self, callback):
        """Call ``callback()`` when ports may work, or not work any more, by other causes than guests and callers."""

    @abc.abstractmethod
    def inspect(self):
        """The Inspection of this moment.  :raises NovaLiteError: it cannot be looked at."""

    @abc.abstractmethod
    def trace(self, port_id, address):
        """What a packet from a port's guest to an IP address (text) comes by: [Hop], the last one is where it ends.

        :raises PortNotHere: the plane has no such port.
        """


class HostPlane(Plane):
    """The plane of one host, which tasks ask besides: a guest's device can be made only where its network is.

    Where it is capable of security groups, a port is in force, ``PortState.error`` empty, only once the rules of all
    its groups are known.

    Guests keep their network while the service is down, and ``restore`` finds it again.
    """

    @abc.abstractmethod
    def plug(self, nics, server):
        """Prepare the host for a server's NICs; the hypervisor then makes each tap join its bridge.

        Rules against false addresses are in force when this returns.  Where desired state is newer, it counts.

        :param nics: objects.Nic, in order.  :param server: their objects.Server.
        :returns: [virt.spec.Vif] in the same order.
        :raises NovaLiteError: ``unplug`` removes what was created.
        """

    @abc.abstractmethod
    def unplug(self, nics):
        """Remove what ``plug`` created for these NICs (port_id and network_id of each); nothing is left of a network
        without ports.
        """

    @abc.abstractmethod
    def present(self):
        """The ports that are plugged here: port_id, server_id and, where that is known, all that state.Port has."""

    @abc.abstractmethod
    def networks(self):
        """Ids of the networks that have ports here."""

    @abc.abstractmethod
    def follows(self):
        """{scope} that the host follows besides its own: what its ports need, as far as what the plane has says that.
        """

    @abc.abstractmethod
    def keep(self, scopes):
        """Forget what is known of other scopes than these; what is made of the plane's ports stays."""

    def port_groups(self):
        """{ids of the security groups of a port, None: they are not known}, of the ports here each once."""
        return {each.security_groups for each in self.present()}

    def known_groups(self):
        """The known_groups.Groups at present; a plane that is not capable of security groups has none."""
        return Groups()

    def groups(self):
        """{name of the scope of a group that the host follows: whether the plane has it}

        These are the security groups of its ports, and the security groups and address groups that rules of those name.
        """
        if Capability.SECURITY_GROUPS not in self.capabilities:
            return {}
        return groups.scopes(self.port_groups(), self.known_groups())

    def lacks(self, port):
        """Which rules a port (state.Port) needs that are not here, in words; "": none, or the plane does without."""
        return groups.missing(port, self.known_groups()) if Capability.SECURITY_GROUPS in self.capabilities else ""

    def allows(self, port_id, direction, packet):
        """Whether the security groups of a port let a packet through, by what the plane has of them.

        :param direction, packet: as for ``groups.allows``.  :raises PortNotHere: the plane has no such port.
        """
        found = [each for each in self.present() if each.port_id == port_id]
        if not found:
            raise PortNotHere(port_id=port_id)
        return groups.allows(found[0], direction, packet, self.known_groups())

    @abc.abstractmethod
    def join(self, tap):
        """Put the device of a plugged port back on its network; whether there is such a port."""

    @abc.abstractmethod
    def restore(self):
        """At start-up: restore what a reboot or a crash removed, and begin to run ``heal`` periodically."""

    @abc.abstractmethod
    def heal(self):
        """Make whole what others broke, and remove what belongs to no network here; errors are logged."""

    @abc.abstractmethod
    def close(self):
        """Let go of the host; its guests keep their network."""

    @abc.abstractmethod
    def destroy_all(self):
        """Remove everything that this cloud created in this host's network."""
