"""What becomes of a host's servers when its compute service starts: the truth is shown, and what ran may run again."""

import logging

from nova_lite.common import context as contexts
from nova_lite.db import operations, services
from nova_lite.objects.states import OPERATIONS, Power, Vm

LOG = logging.getLogger(__name__)
_OFF = frozenset({Power.NOSTATE, Power.SHUTDOWN, Power.CRASHED})


def settle(session, host, rows, guests, resume):
    """Show what is found; a server without a guest has none that runs.

    :param rows: of the servers placed on the host.  :param guests: {server id: power state} as found there.
    :param resume: whether servers that ran when the host was last heard of are started again.
    """
    found = dict.fromkeys((row.id for row in rows), Power.NOSTATE) | guests
    if resume:
        for row in rows:
            if _ran(row) and found[row.id] in _OFF:
                LOG.warning("Server %s ran when host %s was last heard of; it is started again", row.id, host)
                operations.begin(session, contexts.admin(), row.id, OPERATIONS["reboot_hard"], {"resume": "yes"})
    services.power_reported(session, host, found)


def _ran(row):
    return row.vm_state == Vm.ACTIVE and row.task_state is None
