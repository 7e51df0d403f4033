"""Moves of servers to other hosts, which no host takes yet: each is refused as where there is one host alone."""

from nova_lite import db
from nova_lite.common import exception
from nova_lite.db import hosts, locks, moves, operations, servers, services
from nova_lite.db.faults import fault
from nova_lite.objects.states import EVACUATE, LIVE_MIGRATE, MIGRATE, Vm

_NONE_COLD = "No valid host was found. No valid host found for cold migrate"
_NONE = "No valid host was found. There are not enough hosts available."


class Relocation:
    """What was accepted is recorded in the server's history and among the moves; a refusal leaves no trace.

    :raises InvalidState, ServerLocked, ServerNotReady:
    """

    def migrate(self, context, server, host):
        """:param host: a name; None: any.  :raises BadRequest: no other host is called so."""
        with db.writer() as session:
            self._check(session, context, server, MIGRATE)
            if host is not None and host == server.host:
                raise exception.BadRequest("Cannot migrate to the host where the server exists.")
            _check_known(session, host)
            _failed(session, context, server, ("migrate", "migration", "migrate_server"), _NONE_COLD)

    def migrate_live(self, context, server, host, *, waits):
        """:param waits: whether who asks is told how it ended.

        :raises BadRequest: no host is called so; where it waits, that no host takes the server.
        """
        with db.writer() as session:
            self._check(session, context, server, LIVE_MIGRATE)
            _check_known(session, host)
            if waits:
                raise exception.BadRequest(_NONE)
            _failed(session, context, server, ("live-migration", moves.LIVE, "live_migrate_instance"), _NONE)

    def evacuate(self, context, server, host):
        """:raises BadRequest: its host lives, or is named.  :raises NotFound: no host is called so."""
        with db.writer() as session:
            try:
                _check_known(session, host)
            except exception.BadRequest as error:
                raise exception.ComputeHostMissing(host=host) from error
            if host == server.host:
                raise exception.BadRequest("The target host can't be the same one.")
            self._check(session, context, server, EVACUATE)
            if server.host in services.up(session):
                raise exception.BadRequest(f"Compute service of {server.host} is still in use.")
            _failed(session, context, server, ("evacuate", "evacuation", "rebuild_server"), _NONE)
            servers.update(session, server.id, vm_state=Vm.ERROR, fault=fault(500, _NONE))

    @staticmethod
    def _check(session, context, server, operation):
        locks.server(session, server.id)
        operations.check(session, context, server.id, operation)


def _check_known(session, host):
    if host is None:
        return
    try:
        hosts.node_of(session, host)
    except exception.HostNotFound as error:
        raise exception.BadRequest(f"Compute host {host} could not be found.") from error


def _failed(session, context, server, names, error):
    """:param names: of the action, of the kind of move, and of the step that failed."""
    action, kind, step = names
    operation_id = operations.record_ended(session, context, action, server, error)
    operations.record_failed_step(session, operation_id, step, error)
    node = hosts.node_of(session, server.host)
    moves.record(session, context, server, kind=kind, status="error", source_host=node.host,
                 source_node=node.hypervisor_hostname)
