"""What a build changes in the database: ports and a host for a new server, given back where it fails."""

from nova_lite.conductor.effects.base import HostLost, Launches
from nova_lite.conf import CONF
from nova_lite.db import allocations, operations, scheduling
from nova_lite.objects.service_change import Change
from nova_lite.objects.states import PLUGGING


class BuildServer(Launches):
    """A server that was never built gives everything back and stays as ERROR."""

    can_go_on = True

    def changes(self, operation, host):
        return [Change("network", "allocate_ports", {"server_id": operation.resource_id, "host": host})]

    def after(self, session, operation):
        scheduling.built(session, operation.place, well=True)

    def failed(self, session, operation, failure):
        self.services.ledger.give_back(session, operation.resource_id)
        allocations.unplace(session, operation.resource_id)
        if failure.code >= 500 and operation.place != operations.CONDUCTOR:
            scheduling.built(session, operation.place, well=False)

    def retry_at(self, operation, failure):
        """Another host, unless one was asked for; a refusal that the user must mend (4xx) is the same on each.

        NICs that do not work are as in Nova: the build is not tried elsewhere.
        """
        tried = len(operation.args.get("excluded", ())) + 1
        named = operation.args.get("host") or operation.args.get("node")
        unplugged = operation.step == PLUGGING      # its network failed, as it would elsewhere
        again = failure.code >= 500 and tried < CONF.operations.max_attempts and not named and not unplugged
        return operations.CONDUCTOR if again else None

    def args_elsewhere(self, operation, failure):
        return operation.args | {"excluded": [*operation.args.get("excluded", ()), operation.place],
                                 "failure": failure.message}

    def leaves(self, session, operation, failure):
        allocations.unplace(session, operation.resource_id)
        scheduling.built(session, operation.place, well=False)

    def host_lost(self, operation, alive):
        tried = {operation.place, *operation.args.get("excluded", ())}
        return HostLost.WAIT if operation.args.get("host") or not alive - tried else HostLost.MOVE
