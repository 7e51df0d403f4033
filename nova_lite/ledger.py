"""Changes of other services on behalf of operations: made once, adopted when their answer was lost, undone in the end.

A service's facade has ``embedded``, ``timeout`` (seconds that one request may take) and ``verbs``, each with::

    do(marker, arguments)       find what has the marker, and adopt or make it; its result, as JSON.  None: it is made
                                later, and this is asked again
    undo(marker, arguments)     remove what has the marker; nothing, where nothing has
    timeout(arguments)          seconds for which an operation waits for it; where a verb has none, ``[operations]
                                change_timeout``.  Such a verb is asked anew every few seconds.

What only takes away has an ``undo`` alone, and is owed from the start (``owe``).

An embedded service changes the same database, so the change, its record and what follows are one transaction.  Any
other is asked while no transaction is open, and what is on record before says what to look for after a crash.  An
operation that needs a change which is not made yet waits for that change; ``settle`` asks again, and lets it go on.
What waits for a change that never will be answered for goes on by ``let_go``.

Changes of one resource's ports touch the same things, and are made in order: none is asked for while an older one is
yet to be undone, whose undo could take away what was just made.
"""

import collections
import contextlib
import logging

from nova_lite import db
from nova_lite.common import exceptions, unit_of_work
from nova_lite.conf import CONF
from nova_lite.db import interfaces, locks, operations, service_changes
from nova_lite.db.base import new_id
from nova_lite.objects.interface import ServerNetwork
from nova_lite.objects.service_change import Change, ChangeState
from nova_lite.objects.states import SERVER, OperationState

LOG = logging.getLogger(__name__)
_LOOK = 5       # seconds after which what a service makes in its own time is asked for again
_AGAIN = 60     # seconds after which a change of a service that is not there is looked at again
#: Services whose changes of one resource are made in order; each of the image service is of an image of its own.
_IN_ORDER = frozenset({"network"})


#: What begins anew where its request is repeated.
_OVER = (OperationState.FAILED, OperationState.CANCELLED)
#: An operation that is going to be recorded when what it needs was changed.
Upcoming = collections.namedtuple("Upcoming", "id name resource_id resource_type attempt", defaults=(SERVER, 0))


class Beginning:
    """An operation that begins with a change of a service, which is the same change however often this is tried.

    Under an idempotency key it is that which an earlier request with the key was about to begin; where the service is
    not embedded its id is on record before that is asked.
    :param change: objects.service_change.Change.
    """

    def __init__(self, ledger, name, resource_id, change):
        self._ledger, self._change = ledger, change
        unit = unit_of_work.current()
        self._operation = Upcoming(new_id(), name, resource_id)
        if unit is not None and unit.operation_id is not None and _state(unit.operation_id) not in _OVER:
            self._operation = self._operation._replace(id=unit.operation_id)
        elif unit is not None:
            self._remember(unit)

    @property
    def name(self):
        """The operation's."""
        return self._operation.name

    @property
    def operation_id(self):
        return self._operation.id

    def is_made(self):
        """Whether an earlier request began the operation."""
        return _state(self.operation_id) is not None

    def carry_out(self, then):
        """As ``Ledger.carry_out``.  :param then: callable(session, the operation's id, the change's result)."""
        def begin(session, results):
            return then(session, self.operation_id, results[0])
        try:
            return self._ledger.carry_out(self._operation, [self._change], begin)
        except exceptions.Fenced:           # since nobody began the operation for long, the change was given back
            self._operation = self._operation._replace(id=new_id())
            unit = unit_of_work.current()
            if unit is not None:
                self._remember(unit)
            return self._ledger.carry_out(self._operation, [self._change], begin)

    def _remember(self, unit):
        if not self._ledger.is_embedded(self._change.service):
            unit.remember(self.operation_id)


def _state(operation_id):
    """Of an operation; None: it never started."""
    with contextlib.suppress(exceptions.OperationNotFound), db.reader() as session:
        return operations.get(session, operation_id).state
    return None


class Ledger:
    """:param services: {name: facade}; None for one that is not there."""

    def __init__(self, services):
        self._services = {name: each for name, each in services.items() if each is not None}

    # ---- what operations need

    def is_embedded(self, service):
        return self._services[service].embedded

    def carry_out(self, operation, changes, then):
        """Make changes, and what follows them in the transaction that records them.

        :param operation: a row, or Upcoming.  :param changes: objects.service_change.Change, in order.
        :param then: callable(session, [results]); raises Fenced where another attempt leads: nothing is recorded then.
        :returns: what ``then`` did.
        :raises ChangePending: a service does not answer, or has not made its change yet; the change stays wanted, and
            the operation may ``wait`` for it.
        :raises ChangeNotInTurn: it was not asked for yet, and for an Upcoming operation is not on record.
        :raises ChangeRefused: a service refused its change, or did not make it in time, while the operation waited.
        :raises NovaLiteError: a service refuses its change now.
        """
        away = [each for each in changes if not self._services[each.service].embedded]
        answers = {}
        if away:                # on record and asked for by itself, whatever becomes of the caller's unit of work
            with unit_of_work.apart(", ".join(f"{each.verb} of {each.service}" for each in away)):
                answers = self._ask(operation, away)
        try:
            with db.writer() as session:
                operations.take(session, operation)
                results = [self._record(session, operation, each, answers) for each in changes]
                if None not in results:
                    return then(session, results)
        except exceptions.Fenced:
            _undo_late(answers)
            raise
        raise _pending(operation, changes[results.index(None)], "It is not made yet.")

    def _ask(self, operation, changes):
        """{change's marker: result} of services that are not embedded."""
        with db.writer() as session:
            operations.take(session, operation)
            known = [service_changes.want(session, operation, each, self._limit(each.service, each.verb))
                     for each in changes]
            held = _held_back(session, operation, [
                each for each, result in zip(changes, known, strict=True) if result is None])
            if held is not None and isinstance(operation, Upcoming):
                raise held
        if held is not None:
            raise held
        answers = {}
        for each, result in zip(changes, known, strict=True):
            marker = service_changes.marker(operation.id, each)
            answers[marker] = self._do(operation, each, marker) if result is None else result
            if answers[marker] is None:
                raise _pending(operation, each, "It is not made yet.")
        return answers

    def _do(self, operation, change, marker):
        try:
            return self._made(change, marker)
        except exceptions.PeerAway as error:
            _undo_late([marker])
            raise _pending(operation, change, str(error)) from error
        except exceptions.NovaLiteError as error:
            with db.writer() as session:
                operations.take(session, operation)
                _refused(session, operation.resource_id, marker, error)
            _undo_late([marker])
            raise

    def _made(self, change, marker):
        """What a service that is not embedded answers."""
        unit_of_work.check_outside(f"{change.verb} of {change.service}")
        return self._services[change.service].verbs[change.verb].do(marker, change.arguments)

    def _record(self, session, operation, change, answers):
        """The result of a change, on record; of an embedded service's, which is made here.  None: it is not made yet.
        """
        marker = service_changes.marker(operation.id, change)
        if marker not in answers:
            result = self._services[change.service].verbs[change.verb].do(marker, change.arguments)
            if result is None:
                service_changes.want(session, operation, change, self._limit(change.service, change.verb))
            else:
                service_changes.record_done(session, operation, change, result)
            return result
        result = answers[marker]
        if not service_changes.done(session, marker, result):
            raise exceptions.Fenced(operation_id=operation.id, attempt=operation.attempt)
        _keep(session, operation.resource_id, result)
        return result

    @staticmethod
    def wait(operation, pending, host=None):
        """The operation (its row, as leased) is queued until a change is made, or will not be.

        :param pending: the ChangePending that ``carry_out`` raised.
        :param host: where it goes on, which has done its part for now; None: at the conductor.
        :raises Fenced: another attempt leads.
        """
        place, reason = (operations.CONDUCTOR, str(pending)) if host is None else (host, None)
        with db.writer() as session:
            operations.take(session, operation)
            if service_changes.is_wanted(session, pending.change_id):
                operations.wait(session, operation.id, operation.attempt, pending.change_id, reason, place)
            else:                   # it was made, or given back, meanwhile
                operations.hand_over(session, operation.id, operation.attempt, place,
                                     failed=reason and (reason, None), notified=host is None)

    # ---- what nobody needs any more

    def give_back(self, session, server_id):
        """Nobody wants any more what was changed for a server: it is undone here and now, or becomes a debt.

        :param session: a writer's; the server is locked.  :returns: the verbs by which it was changed.
        """
        rows = service_changes.of_resource(session, SERVER, server_id)
        self._undo(session, rows)
        return {row.verb for row in rows}

    def owe(self, session, operation, change, meanwhile=None):
        """A service is to take something away: here and now, or as a debt.

        :param change: its verb's ``undo`` takes away what the arguments name; nothing, where that is gone.
        :param meanwhile: callable(), where it becomes a debt: what compute keeps until then.  None: nothing.
        """
        service = self._services[change.service]
        if service.embedded:
            service.verbs[change.verb].undo(service_changes.marker(operation.id, change), change.arguments)
        else:
            service_changes.owe(session, operation, change)
            if meanwhile is not None:
                meanwhile()

    def take_back(self, session, operation_id):
        """As ``give_back``, of what was changed for one operation."""
        self._undo(session, service_changes.of_operation(session, operation_id))

    def take_back_open(self, session, server_id, *verbs):
        """As ``give_back``, of what was changed by these verbs for the open operations of a server."""
        self._undo(session, service_changes.of_open(session, SERVER, server_id, verbs))

    def _undo(self, session, rows):
        """:param rows: of what is wanted or done, oldest first."""
        for row in reversed(rows):
            service = self._services.get(row.service)
            embedded = service is not None and service.embedded
            if embedded:
                service.verbs[row.verb].undo(row.id, service_changes.arguments_of(session, row.id))
            else:
                _forget(session, row.resource_id, row.id)
            service_changes.take_back(session, row.id, embedded)

    # ---- the loop

    def settle(self):
        """Ask anew for what is wanted and undo what is not, as far as it is due.

        Where nothing is due that is one look into an index.
        """
        with db.reader() as session:
            due = service_changes.due(session)
        for row in due:
            try:
                self._settle(row)
            except exceptions.NovaLiteError as error:       # it is tried again later
                LOG.warning("Change %s of %s (%s) goes on later: %s", row.id, row.service, row.verb, error)
            except Exception:
                LOG.exception("Change %s of %s (%s) goes on later", row.id, row.service, row.verb)

    @staticmethod
    def let_go():
        """What waits for a change that is over, or gone, goes on.

        Whoever ends a change lets go of what waits for it, so this is for records that were lost or damaged.  It reads
        every open operation, and nothing where none is.
        """
        with db.reader() as session:
            lost = service_changes.awaited_in_vain(session)
        for change_id in lost:
            with db.writer() as session:
                service_changes.go_on(session, change_id)

    def _settle(self, row):
        with db.writer() as session:
            locks.resources(session, [(row.resource_type, row.resource_id)])
            if not service_changes.claim(session, row, self._limit(row.service, row.verb)):
                return
            wanted = row.state == ChangeState.WANTED
            change = Change(row.service, row.verb, service_changes.arguments_of(session, row.id))
            if wanted and not self._is_to_be_asked(session, row, self._timeout(change)):
                return
            if wanted and self._is_held_back(session, row):
                return
        service = self._services.get(row.service)
        if service is None or row.verb not in service.verbs:
            raise exceptions.NovaLiteError(f"there is no {row.verb} of a service {row.service} here")
        (self._ask_again if wanted else self._undo_again)(row, service, change)

    @staticmethod
    def _is_to_be_asked(session, row, timeout):
        """Whether a change that is wanted is asked for by nobody else, and not given up now.

        :param timeout: seconds for which an operation waits for it.
        """
        if not service_changes.is_led(session, row):
            service_changes.unwanted(session, row.id)       # and undone when it is due next
            _forget(session, row.resource_id, row.id)
            return False
        since = service_changes.awaited_since(session, row.id)
        if since is None:                                   # its operation asks by itself
            return False
        if service_changes.seconds_since(since) > timeout:
            service_changes.given_up(session, row, timeout)
            _forget(session, row.resource_id, row.id)
            return False
        return True

    @staticmethod
    def _is_held_back(session, row):
        """Whether a debt is to be settled before a change is asked for."""
        debt = _debt_before(session, row, row.service, row.id)
        if debt is not None:
            service_changes.hold(session, row.id, CONF.operations.poll, debt)
        return debt is not None

    def _ask_again(self, row, service, change):
        if service.embedded:
            with db.writer() as session:
                locks.resources(session, [(row.resource_type, row.resource_id)])
                self._answered(session, row, service.verbs[row.verb].do(row.id, change.arguments))
            return
        try:
            result = self._made(change, row.id)
        except exceptions.PeerAway as error:
            with db.writer() as session:
                service_changes.note(session, row.id, str(error))
            _undo_late([row.id])
            raise
        except exceptions.NovaLiteError as error:
            with db.writer() as session:
                locks.resources(session, [(row.resource_type, row.resource_id)])
                _refused(session, row.resource_id, row.id, error)
            raise
        with db.writer() as session:
            locks.resources(session, [(row.resource_type, row.resource_id)])
            self._answered(session, row, result)
        _undo_late([row.id])

    @staticmethod
    def _answered(session, row, result):
        if result is not None and service_changes.done(session, row.id, result):
            _keep(session, row.resource_id, result)

    def _undo_again(self, row, service, change):
        if service.embedded:
            with db.writer() as session:
                locks.resources(session, [(row.resource_type, row.resource_id)])
                service.verbs[row.verb].undo(row.id, change.arguments)
                service_changes.take_back(session, row.id, embedded=True)
            return
        service.verbs[row.verb].undo(row.id, change.arguments)
        with db.writer() as session:
            locks.resources(session, [(row.resource_type, row.resource_id)])
            service_changes.undone(session, row, self._limit(row.service))

    def _timeout(self, change):
        service = self._services.get(change.service)
        timeout = getattr(service and service.verbs.get(change.verb), "timeout", None)
        return CONF.operations.change_timeout if timeout is None else timeout(change.arguments)

    def _limit(self, name, verb=None):
        """Seconds after which a request to a service has ended on either side, and a change is looked at again."""
        service = self._services.get(name)
        if service is None:
            return _AGAIN
        return max(2 * service.timeout, _LOOK if hasattr(service.verbs.get(verb), "timeout") else 0)


def _undo_late(markers):
    """Who asked was held up, and the changes had been undone by then: what came of asking is undone once more."""
    if not markers:
        return
    with db.reader() as session:
        late = service_changes.over(session, sorted(markers))
    for row in late:
        with db.writer() as session:
            service_changes.undo_again(session, row.id)


def _pending(operation, change, reason, kind=exceptions.ChangePending):
    return kind(change_id=service_changes.marker(operation.id, change), verb=change.verb, service=change.service,
                reason=reason)


def _held_back(session, operation, changes):
    """The ChangeNotInTurn of the first of some changes that has to wait for a debt, and is due soon; None: none has."""
    for each in changes:
        key = service_changes.marker(operation.id, each)
        debt = _debt_before(session, operation, each.service, key)
        if debt is not None:
            service_changes.hold(session, key, CONF.operations.poll, debt)
            return _pending(operation, each, debt, exceptions.ChangeNotInTurn)
    return None


def _debt_before(session, row, service, key):
    """What is to be undone for a resource before its change is asked for, in words; None: nothing is.

    :param row: has resource_type and resource_id.  :param key: the change's id.
    """
    verb = service_changes.debt_of(session, row, service, key) if service in _IN_ORDER else None
    return verb and f"What was changed before ({verb}) is yet to be undone."


def _refused(session, resource_id, key, error):
    """A service refuses a change, which it may have made before with other arguments: that is undone as well."""
    service_changes.failed(session, key, str(error), error.status)
    _forget(session, resource_id, key)


def _forget(session, server_id, key):
    """Remove what ``_keep`` kept with a change that nobody wants any more."""
    result = service_changes.result_of(session, key)
    ports = result.get("ports") or ([result["port"]] if "port" in result else [])
    if ports:
        interfaces.forget(session, server_id, ports, result.get("address"))


def _keep(session, server_id, result):
    """What a service that cannot push says of a server's ports is kept with the change that made them."""
    if "server_network" in result:
        interfaces.store(session, server_id, ServerNetwork.from_dict(result["server_network"]))
