"""How operations end in the database, as their effects say: one transaction each."""

import importlib

from nova_lite.db import operations
from nova_lite.db.operations import CONDUCTOR
from nova_lite.objects.states import OPERATIONS


def load(services):
    """{operation's name: its Effect}.  :param services: effects.base.Services."""
    effects = {}
    for row in OPERATIONS.values():
        module, _, name = row.effect.partition(".")
        effects[row.name] = getattr(importlib.import_module(f"{__package__}.{module}"), name)(services)
    return effects


class Completion:
    """Writes the end of operations.  Every method works in the caller's transaction and may raise Fenced.

    :ivar effects: {operation's name: its Effect}
    :ivar ledger: of what other services change for operations
    """

    def __init__(self, services):
        """:param services: effects.base.Services."""
        self.effects = load(services)
        self.ledger = services.ledger

    def succeed(self, session, operation, outcome=None):
        """A place has done its part well: it has ended, or is due at another place, which is returned.

        :param operation: its row.  :param outcome: objects.Outcome of its host; None: no host was asked.
        """
        effect = self.effects[operation.name]
        further = effect.goes_on(session, operation)
        if further is not None:
            place, args = further
            operations.hand_over(session, operation.id, operation.attempt, place, args, notified=False)
            return place
        operations.finish(session, operation, **effect.succeeded(session, operation, outcome))
        effect.after(session, operation)
        return None

    def fail_or_retry(self, session, operation, failure):
        """A host could not do it.

        :param failure: effects.base.Failure.
        :returns: the place where it is tried again, or None: it has failed.
        """
        place = self.effects[operation.name].retry_at(operation, failure)
        if place is None:
            self.fail(session, operation, failure)
        elif place == CONDUCTOR:
            self.move(session, operation, failure)
        else:
            operations.hand_over(session, operation.id, operation.attempt, place,
                                 failed=(failure.message, failure.details))
        return place

    def fail(self, session, operation, failure):
        """It failed for good.  :param operation: its row, perhaps read by ``operations.get_without_json``."""
        effect = self.effects[operation.name]
        operations.take(session, operation)
        args = operation.args or operations.args_of(session, operation.id)
        operations.finish(session, operation, failure.message, failure.details, **effect.failing(operation, failure))
        effect.failed(session, operation._replace(args=args), failure)

    def move(self, session, operation, failure):
        """It goes back to the conductor, for another host."""
        effect = self.effects[operation.name]
        operations.hand_over(session, operation.id, operation.attempt, CONDUCTOR,
                             effect.args_elsewhere(operation, failure), failed=(failure.message, failure.details))
        effect.leaves(session, operation, failure)
