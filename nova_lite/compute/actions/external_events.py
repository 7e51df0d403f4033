"""What other services tell of servers: recorded, and what they say of network and power looked up at once."""

from nova_lite import db
from nova_lite.db import external_events, locks

#: These say nothing without naming a volume, a power state, a request.
_NEED_TAG = frozenset({"volume-extended", "power-update", "accelerator-request-bound"})
_POWER = "power-update"
_NETWORK = frozenset({"network-changed", "network-vif-plugged", "network-vif-unplugged", "network-vif-deleted"})
OK, INCOMPLETE, MISSING, HOMELESS = 200, 400, 404, 422


class ExternalEvents:
    def __init__(self, network, compute_rpc):
        self._network = network
        self._rpc = compute_rpc

    def receive(self, context, events):
        """A code for each event: OK, INCOMPLETE, MISSING (no such server) or HOMELESS (it is on no host).

        :param events: dicts with server_id, name, tag (or None) and status.
        """
        with db.writer() as session:
            hosts = external_events.hosts(session, [each["server_id"] for each in events])
            codes = [_judge(each, hosts) for each in events]
            good = [each for each, code in zip(events, codes, strict=True) if code == OK]
            if good:
                external_events.record(session, good)
            told = sorted({each["server_id"] for each in good if each["name"] in _NETWORK})
            locks.servers(session, told)
            for server_id in told:
                self._network.tell(session, server_id)
        for server_id in sorted({each["server_id"] for each in good if each["name"] == _POWER}):
            self._rpc.sync_power(context, hosts[server_id], server_id)
        return codes

    def refresh(self, context, server):
        """Write to a server's row what its ports are now."""
        with db.writer() as session:
            locks.server(session, server.id)
            self._network.tell(session, server.id)


def _judge(event, hosts):
    if event["server_id"] not in hosts:
        return MISSING
    if event["name"] in _NEED_TAG and event["tag"] is None:
        return INCOMPLETE
    return HOMELESS if hosts[event["server_id"]] is None else OK
