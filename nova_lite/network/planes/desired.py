"""A host's desired state, merged from what it has and what changed.  Pure: nothing is applied here."""

import dataclasses
import itertools

from nova_lite.network.planes.state import Port


class LocalChanges:
    """Ports that tasks of this host plugged or unplugged, in order: answers requested before do not include these.

    :ivar unplugged: ids of the ports that were unplugged, and are still to be taken from the host's desired state when
        their operations end; only a task plugs one of them again.
    """

    def __init__(self):
        self._numbers = itertools.count(1)
        self._last = 0
        self._changed = {}          # port id -> number of its last change
        self.unplugged = set()

    def plug(self, port_ids):
        self._note(port_ids)
        self.unplugged.difference_update(port_ids)

    def unplug(self, port_ids):
        self._note(port_ids)
        self.unplugged.update(port_ids)

    def _note(self, port_ids):
        self._last = next(self._numbers)
        self._changed |= dict.fromkeys(port_ids, self._last)

    def moment(self):
        return self._last

    def since(self, moment):
        """Ids of the ports that were changed after ``moment``; older changes are forgotten."""
        self._changed = {key: number for key, number in self._changed.items() if number > moment}
        return set(self._changed)


def newest(port, known, network):
    """The state.Port that a task is to plug.

    :param port: as the task was given it.  :param known: the one that is plugged, or None.
    :param network: the objects.DesiredNetwork that is known, or None.
    """
    if known is None:
        return port.within(network)
    if port.security_groups is None:        # it was written down by an earlier release
        port = dataclasses.replace(port, security_groups=known.security_groups, port_security=known.port_security)
    return known if known.revision > port.revision else port.within(network)


class Merge:
    """:ivar changed: {port id: the state.Port that the host should have, None: it should not}, of those that differ.
    :ivar networks: {network id: objects.DesiredNetwork}, the newest that are known.

    :param ports, networks: those that it has.  :param local: its LocalChanges, which forget what is gone.
    :param since: their moment before it asked.
    :param in_use: callable([state.Port]) -> ids of those that guests here have, whatever the database says.
    """

    def __init__(self, ports, networks, local, since, in_use):
        self.changed, self.networks = {}, dict(networks)
        self._ports = ports
        self._local = local.since(since)
        self._unplugged = local.unplugged
        self._in_use = in_use

    @property
    def ports(self):
        """{port id: state.Port} that the host should have."""
        return {key: port for key, port in {**self._ports, **self.changed}.items() if port is not None}

    def _port(self, port_id):
        return self.changed[port_id] if port_id in self.changed else self._ports.get(port_id)

    def take(self, change):
        """Merge an objects.ScopeChanges; returns whether all of it could be merged."""
        taken = [self._put(Port.desired(body), change.whole) for body in change.ports]
        for network in change.networks:
            known = self.networks.get(network.id)
            # Which routers are on it is not counted in its revision: of two of one revision the later one is newer.
            if known is None or change.whole or known.revision <= network.revision:
                self.networks[network.id] = network
            self._bring_up_to_date(network)
        going = set(change.gone)
        if change.whole and not change.scope.startswith("network:"):
            going |= (self.ports.keys() | self._unplugged) - {body.nic.port_id for body in change.ports}
        self._unplugged -= going - self._local
        return self._drop({each for each in going if self._port(each) is not None}) and all(taken)

    def _bring_up_to_date(self, network):
        """Give the ports of a network what it is now."""
        for port in self.ports.values():
            newer = port.within(network) if port.network_id == network.id else port
            if newer is not port:
                self.changed[port.port_id] = newer

    def _put(self, port, whole):
        known = self._port(port.port_id)
        if port.port_id in self._local:
            if known is None:
                return False            # it was unplugged meanwhile
            whole = False
        elif port.port_id in self._unplugged:
            return True                 # before it was asked for: the operation that lets go of it has yet to end
        if known is None or whole or (port.revisions != known.revisions and port.revision >= known.revision
                                      and port.network_revision >= known.network_revision):
            self.changed[port.port_id] = port
        return True

    def _drop(self, port_ids):
        """Remove ports, but those that guests use: without its port, a guest's packets would not be filtered."""
        late = port_ids & self._local
        going = sorted(port_ids - late)
        stay = self._in_use([self._port(each) for each in going]) if going else ()
        for port_id in going:
            if port_id not in stay:
                self.changed[port_id] = None
        return not late
