"""A host's ports, with what is asked of all of them counted as they come and go."""

import collections
import collections.abc


class PortTable(collections.abc.MutableMapping):
    """{port id: state.Port}

    :param ports: [state.Port] to begin with.
    """

    def __init__(self, ports=()):
        self._ports = {}
        self._networks = collections.Counter()
        self._groups = collections.Counter()
        for port in ports:
            self[port.port_id] = port

    @property
    def networks(self):
        """Ids of the networks that have ports here."""
        return self._networks.keys()

    @property
    def groups(self):
        """The ``security_groups`` of ports here, each once."""
        return self._groups.keys()

    def __getitem__(self, port_id):
        return self._ports[port_id]

    def __setitem__(self, port_id, port):
        before = self._ports.get(port_id)
        self._ports[port_id] = port
        self._count(port, 1)
        if before is not None:
            self._count(before, -1)

    def __delitem__(self, port_id):
        self._count(self._ports.pop(port_id), -1)

    def _count(self, port, change):
        for counter, key in ((self._networks, port.network_id), (self._groups, port.security_groups)):
            counter[key] += change
            if not counter[key]:
                del counter[key]

    def __iter__(self):
        return iter(self._ports)

    def __len__(self):
        return len(self._ports)

    def __contains__(self, port_id):
        return port_id in self._ports

    def get(self, port_id, default=None):
        return self._ports.get(port_id, default)

    def keys(self):
        return self._ports.keys()

    def values(self):
        return self._ports.values()

    def items(self):
        return self._ports.items()
