"""Events of other services about servers: they are recorded; network and power states are read anew at once."""

import functools

from nova_lite import db
from nova_lite.common import unit_of_work
from nova_lite.compute.actions import network_info
from nova_lite.db import external_events, locks, service_changes

#: Events that need a tag: the id of a volume, a power state, or a request id.
_NEED_TAG = frozenset({"volume-extended", "power-update", "accelerator-request-bound"})
_POWER = "power-update"
_NETWORK = frozenset({"network-changed", "network-vif-plugged", "network-vif-unplugged", "network-vif-deleted"})
OK, INCOMPLETE, MISSING, HOMELESS = 200, 400, 404, 422


class ExternalEvents:
    def __init__(self, network, compute_rpc):
        self._network = network
        self._rpc = compute_rpc

    def receive(self, context, events):
        """Handle events; returns a code for each: OK, INCOMPLETE, MISSING (no such server), HOMELESS (it has no host).

        :param events: dicts with server_id, name, tag (or None) and status.
        """
        with db.writer() as session:
            hosts = external_events.hosts(session, [each["server_id"] for each in events])
            codes = [_code_of(each, hosts) for each in events]
            good = [each for each, code in zip(events, codes, strict=True) if code == OK]
            if good:
                external_events.record(session, good)
            self._wake(session, [each for each in good if each["name"] == external_events.PLUGGED])
        self._refresh(sorted({each["server_id"] for each in good if each["name"] in _NETWORK}))
        for server_id in sorted({each["server_id"] for each in good if each["name"] == _POWER}):
            self._rpc.sync_power(context, hosts[server_id], server_id)
        return codes

    @staticmethod
    def _wake(session, events):
        """Operations that wait for ports go on when the network service says that these work, or fail where it has
        failed.
        """
        failed = {each["tag"] for each in events if each["status"] == "failed"}
        servers = sorted({each["server_id"] for each in events})
        if failed:
            locks.servers(session, servers)
            for row in service_changes.awaited_by(session, servers, "activate_ports"):
                ports = failed & set(service_changes.arguments_of(session, row.id).get("ports", ()))
                if ports:
                    service_changes.failed(session, row.id, f"Port {', '.join(sorted(ports))} failed.", 500)
        if servers:
            service_changes.look_again(session, "activate_ports", servers)

    def refresh(self, context, server):
        """Bring the network information of a server up to date with its ports."""
        self._refresh([server.id])

    def _refresh(self, server_ids):
        unit_of_work.afterwards(functools.partial(network_info.refresh, self._network, server_ids))


def _code_of(event, hosts):
    if event["server_id"] not in hosts:
        return MISSING
    if event["name"] in _NEED_TAG and event["tag"] is None:
        return INCOMPLETE
    return HOMELESS if hosts[event["server_id"]] is None else OK
