"""Migrations of servers to other hosts, which are not supported yet: refused as by a Nova with a single host."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import flavors, hosts, locks, operations, server_migrations, servers, services
from nova_lite.db.faults import fault
from nova_lite.objects.migration import Kind, Status
from nova_lite.objects.states import EVACUATE, LIVE_MIGRATE, MIGRATE, Vm

_NONE_COLD = "No valid host was found. No valid host found for cold migrate"
_NONE = "No valid host was found. There are not enough hosts available."


class Relocation:
    """An accepted request leaves a failed action and migration; one that is refused is not recorded.

    :raises InvalidState, ServerLocked, ServerNotReady:
    """

    def migrate(self, context, server, host):
        """:param host: a name; None: any.  :raises BadRequest: no other host is called so."""
        with db.writer() as session:
            self._check(session, context, server, MIGRATE)
            if host is not None and host == server.host:
                raise exceptions.BadRequest("Cannot migrate to the host where the server exists.")
            _check_known(session, host)
            _failed(session, context, server, (MIGRATE, "migrate_server"), _NONE_COLD, kind=Kind.COLD,
                    source_node=_node(session, server), **_flavors(session, server))

    def migrate_live(self, context, server, host, *, waits):
        """:param waits: whether the caller is given the result.

        :raises BadRequest: no host is called so; where it waits, that no host takes the server.
        """
        with db.writer() as session:
            self._check(session, context, server, LIVE_MIGRATE)
            _check_known(session, host)
            if waits:
                raise exceptions.BadRequest(_NONE)
            _failed(session, context, server, (LIVE_MIGRATE, "live_migrate_instance"), _NONE, kind=Kind.LIVE,
                    dest_host=host, **_flavors(session, server))

    def evacuate(self, context, server, host):
        """:raises BadRequest: its host lives, or is named.  :raises NotFound: no host is called so."""
        with db.writer() as session:
            try:
                _check_known(session, host)
            except exceptions.BadRequest as error:
                raise exceptions.ComputeHostMissing(host=host) from error
            if host == server.host:
                raise exceptions.BadRequest("The target host can't be the same one.")
            self._check(session, context, server, EVACUATE)
            if server.host in services.up(session):
                raise exceptions.BadRequest(f"Compute service of {server.host} is still in use.")
            _failed(session, context, server, (EVACUATE, "rebuild_server"), _NONE, kind=Kind.EVACUATION,
                    source_node=_node(session, server), dest_host=host)
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
    except exceptions.HostNotFound as error:
        raise exceptions.BadRequest(f"Compute host {host} could not be found.") from error


def _failed(session, context, server, what, error, **values):
    """:param what: (operation, name of the step that failed).  :param values: columns of the migration."""
    operation, step = what
    operations.record_ended(session, context, operation, server, error, step)
    number = server_migrations.record(session, context, server, status=Status.ACCEPTED, source_host=server.host,
                                      **values)
    server_migrations.update(session, number, status=Status.ERROR)


def _node(session, server):
    return hosts.node_of(session, server.host).hypervisor_hostname


def _flavors(session, server):
    """Both flavors of a migration that changes none, by their numbers; None where the flavor is deleted."""
    number = flavors.number(session, server.flavor["flavorid"])
    return {"old_flavor_id": number, "new_flavor_id": number}
