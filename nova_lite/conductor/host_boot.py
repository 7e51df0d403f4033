"""What becomes of a host's servers when its compute service starts: the truth is shown, and what ran may run again."""

import logging

from nova_lite.common import context as contexts
from nova_lite.db import operations, services
from nova_lite.objects.states import OPERATIONS, Power, Vm

LOG = logging.getLogger(__name__)
_OFF = frozenset({Power.NOSTATE, Power.SHUTDOWN, Power.CRASHED})


def settle(session, host, rows, guests, resume):
    """Show what is found.

    :param rows: id, vm_state and task_state of servers placed on the host.
    :param guests: {server id: power state} of these, as found there.
    :param resume: whether servers that ran when the host last reported are started again.
    """
    if resume:
        for row in rows:
            if _ran(row) and guests[row.id] in _OFF:
                LOG.warning("Server %s ran when host %s last reported; it is started again", row.id, host)
                operations.begin(session, contexts.admin(), row.id, OPERATIONS["hard_reboot_server"], {"resume": "yes"})
    services.power_reported(session, host, guests)


def _ran(row):
    return row.vm_state == Vm.ACTIVE and row.task_state is None
