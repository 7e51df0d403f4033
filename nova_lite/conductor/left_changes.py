"""The part of the auditor that asks remote services for what they have of changes that were undone.

A request may arrive after the undo of its change; what it made is found by the change's marker, and undone again.
"""

import logging

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import service_changes
from nova_lite.objects.drift import Finding

LOG = logging.getLogger(__name__)


def check(services, repair):
    """([Finding], ids of their servers); what a service that does not answer has is left out.

    :param services: facades; those that are embedded have no such thing.  :param repair: whether to repair.
    """
    found = {}
    for each in services:
        if not each.embedded:
            try:
                found |= each.marked()
            except exceptions.PeerAway as error:
                LOG.warning("A service cannot be asked what is left of changes: %s", error)
    if not found:
        return [], set()
    with db.writer() as session:
        left = service_changes.over(session, sorted(found))
        for row in left if repair else ():
            service_changes.undo_again(session, row.id)
    return [Finding.of("change_left", row.id, f"{row.verb} of {row.service} for server {row.resource_id}: "
                                              f"{', '.join(sorted(found[row.id]))}", repair) for row in left], {
        row.resource_id for row in left}
