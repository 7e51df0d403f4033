"""What hosts ask about operations: leases, steps, and how they ended."""

import logging

from nova_lite import db
from nova_lite.common import context as contexts
from nova_lite.common import crypt, exceptions, rpc
from nova_lite.conductor.effects.base import Failure
from nova_lite.conductor.endpoints.desired_state import ports_seen
from nova_lite.conductor.failed_operations import guarded
from nova_lite.conductor.rpcapi import VERSION
from nova_lite.conf import CONF
from nova_lite.db import external_events, interfaces, operations, server_objects
from nova_lite.db.external_events import PLUGGED
from nova_lite.objects.operation import Lease
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import PLUGGING, SERVER, OperationState

LOG = logging.getLogger(__name__)
_FILLING = 7200     # seconds a host has to fill an image


class Images:
    """Images as hosts get them: objects.Image with a token.  :param facades: image and identity are used."""

    def __init__(self, facades):
        self._image, self._identity = facades.image, facades.identity

    def bootable(self, image_id):
        """With a token to fetch it by: accepted is accepted, whatever its owner may see by now.

        :raises ImageNotFound, ImageNotActive, ImageUnacceptable:
        """
        image = self._image.for_server(contexts.admin(), image_id)
        image.token = self._identity.service_token()
        return image

    def fillable(self, image_id):
        """With a token that fills or deletes it; ``size`` is 0 while it waits for its data.  :raises ImageNotFound:"""
        row = self._image.show(contexts.admin(), image_id)
        image = self._image.target(row)
        image.token = self._identity.issue("nova_lite", project_id=row.project_id, roles=("member", "reader"),
                                           ttl=_FILLING)
        return image


class Leases:
    """:param begin: see ``flows.Flows``.  :param facades: network, image and identity are used.
    :param completion: effects.completion.Completion.  :param failed_operations: a FailedOperations.
    :param delay: a message_delay.MessageDelay.
    """

    target = rpc.Target(version=VERSION)

    def __init__(self, begin, facades, completion, failed_operations, delay):
        self._delay = delay
        self._begin = begin
        self._images = Images(facades)
        self._network = facades.network
        self._completion = completion
        self._failed_operations = failed_operations

    def take_lease(self, context, operation_id, host, worker):
        return guarded(self._failed_operations, self._leased, operation_id, host, worker)

    def _leased(self, operation_id, host, worker):
        refusal = None
        with db.writer(relaxed=True) as session:
            operation = operations.lease(session, operation_id, host, worker, CONF.operations.lease)
            server = server_objects.row(session, operation.resource_id)
            nics = interfaces.nics(session, [server.id]).get(server.id, [])
            effect = self._completion.effects[operation.name]
            try:
                effect.started(session, operation)
            except exceptions.NoValidHost as error:
                refusal = error
        if refusal is not None:
            self._fail(operation, refusal)
        return self._job(operation, server, nics, self._for_host(effect, operation, server))

    def _for_host(self, effect, operation, server):
        try:
            return effect.for_host(operation, server, self._images)
        except exceptions.PeerAway:      # the database, say: that is no fault of the operation's, which is due again
            raise
        except exceptions.NovaLiteError as error:
            self._fail(operation, error)

    def _fail(self, operation, error):
        """End the operation here and now.  :raises Fenced: always."""
        with db.writer() as session:
            self._completion.fail(session, operation, Failure.of(error))
        raise exceptions.Fenced(operation_id=operation.id, attempt=operation.attempt) from error

    @staticmethod
    def _job(operation, server, nics, extras):
        built = server_objects.build(server, nics, extras.get("disk"), crypt.unseal(operation.args.get("admin_pass")))
        started = {"started": "yes"} if operation.step == PLUGGING else {}
        return Lease.make(operation_id=operation.id, name=operation.name, attempt=operation.attempt,
                          lease_seconds=CONF.operations.lease, server=built, image=extras.get("image"),
                          args=extras.get("args", {}) | started)

    def renew(self, context, held):
        with db.writer(relaxed=True) as session:
            return operations.renew(session, held, CONF.operations.lease)

    def journal(self, context, operation_id, attempt, step, ran, host, server_id, task, missed=()):
        with db.writer(relaxed=True) as session:
            self._journal(session, (operation_id, attempt, host), step, ran, missed, resource=(SERVER, server_id),
                          task=task)

    @staticmethod
    def _journal(session, who, step, ran, missed, **more):
        """:param who: (operation's id, attempt, host)"""
        operation_id, attempt, host = who
        for each, did in missed:
            operations.journal(session, operation_id, attempt, each, ran=did, host=host, seconds=CONF.operations.lease)
        operations.journal(session, operation_id, attempt, step, ran=ran, host=host, seconds=CONF.operations.lease,
                           **more)

    def await_ports(self, context, operation_id, attempt, step, ran, host, server_id, ports, timeout, missed=(),
                    sent=None):
        self._delay.check(sent)
        wanted = {"server_id": server_id, "host": host, "ports": sorted(ports), "timeout": timeout}
        with db.reader() as session:
            before = operations.get(session, operation_id)
        if (before.state, before.attempt, before.place) == (OperationState.QUEUED, attempt, host):
            # Its answer was lost, or this is a late copy: what did not work then may work by now, as its host has said.
            working = {key: state for key, state in ports.items() if state is not None}
            return {"waits": True, "failed": None, "behind": ports_seen(
                self._network, host, working, lambda: self._delay.check(sent))}
        with db.writer(relaxed=True) as session:
            self._journal(session, (operation_id, attempt, host), step, ran, missed, resource=(SERVER, server_id))
            behind, _ = self._network.desired_state.report_ports(host, ports)
            self._delay.check(sent)
            if self._network.embedded and self._network.verbs["activate_ports"].do(None, wanted):
                return {"waits": False, "failed": None, "behind": behind}
            operation = operations.held(session, operation_id)
        change = Change("network", "activate_ports", wanted | {"attempt": attempt})
        return self._awaited(operation, change, host) | {"behind": behind}

    def _awaited(self, operation, change, host):
        """Let an operation wait for ports of which it is not known yet that they are ACTIVE."""
        ledger, failed = self._completion.ledger, None
        try:
            ledger.carry_out(operation, [change], lambda session, results: None)
        except exceptions.ChangePending as pending:
            with db.reader() as session:        # an event that came before the change was on record
                lost = external_events.failed(session, operation.resource_id, PLUGGED, change.arguments["ports"],
                                              operation.created_at)
            if not lost:
                ledger.wait(operation, pending, host)
                return {"waits": True, "failed": None}
            failed = f"Port {', '.join(lost)} failed."
        except exceptions.ChangeRefused as error:
            failed = str(error)
        return {"waits": False, "failed": failed}

    def finish(self, context, operation_id, attempt, outcome, missed=()):
        with db.writer() as session:
            operation = operations.held(session, operation_id)
            if operation.attempt != attempt or operation.state != OperationState.RUNNING:   # it was reported before
                raise exceptions.Fenced(operation_id=operation_id, attempt=attempt)
            for each, did in missed:
                operations.journal(session, operation_id, attempt, each, ran=did, host=operation.place,
                                   seconds=CONF.operations.lease)
            place = self._end(session, operation, outcome)
        if outcome.error is None:
            if place is None:
                self._completion.effects[operation.name].committed()
            return
        LOG.warning("Operation %s (%s) of %s %s failed on %s: %s", operation_id, operation.name,
                    operation.resource_type, operation.resource_id, operation.place, outcome.error)
        if place == operations.CONDUCTOR:
            self._begin[operation.name](context, operation_id)

    def _end(self, session, operation, outcome):
        """The place where it goes on, or is tried again; None: it has ended."""
        if outcome.error is None:
            return self._completion.succeed(session, operation, outcome)
        return self._completion.fail_or_retry(session, operation, Failure(
            outcome.code, outcome.error, outcome.details))
