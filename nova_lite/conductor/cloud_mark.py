"""The cloud's mark, a number that grows in the database and is remembered by conductors and hosts.

A process or host that remembers a higher mark than the database has shows that the database was restored from a backup.
"""

import logging

from nova_lite import db
from nova_lite.common import cloud_file, exceptions
from nova_lite.conf import CONF
from nova_lite.db import cloud

LOG = logging.getLogger(__name__)
SECONDS = 10        # between two marks


class CloudMark:
    """Raises the mark, in the database first and then in the state directory, and compares what hosts remember."""

    def __init__(self):
        self._seen = None           # the highest mark that this process has seen; None: none yet

    def look(self):
        """Raise the mark, and detect a database that was restored while this process ran."""
        with db.writer() as session:
            row = cloud.advance(session)
        if row is None:
            LOG.error("The database does not say which cloud it is of. Run: nova-lite-manage cloud adopt")
            return
        self.met(row.mark - 1)
        self._seen = max(self._seen or 0, row.mark)
        cloud_file.remember(CONF.state_dir, row.cloud_id, self._seen)

    def met(self, mark, known=None):
        """Compare the mark of the database with a known one; a lower one means that the database was restored.

        :param known: a mark that a host remembers; None: the highest that this process has seen.
        """
        known = self._seen if known is None else known
        if known is not None and mark < known:
            with db.writer() as session:
                restore(session, known)

    def greet(self, host, known):
        """[cloud id, mark] for a host to remember; None where the database has no cloud id.

        :param host: its name.  :param known: the [cloud id, mark] that it remembers; None: it is new.
        :raises Misconfigured: the host belongs to another cloud.
        """
        with db.reader() as session:
            row = cloud.get(session)
        if row is None:
            return None
        if known is not None and known[0] != row.cloud_id:
            raise exceptions.Misconfigured(
                problem=f"Host {host} belongs to cloud {known[0]}, and this is cloud {row.cloud_id}.",
                remedy="See that [DEFAULT] transport_url and [database] connection are those of its own cloud. If the "
                       "host shall change over, stop its service, move instances/ of its state directory away and "
                       "remove keys/cloud.json.")
        if known is not None:
            self.met(row.mark, known[1])
        return [row.cloud_id, row.mark]


def restore(session, mark):
    """Record that the database was restored, and give up its open operations.  :param mark: the highest known."""
    row = cloud.get(session)
    if row is None or row.mark >= mark:
        return                      # another conductor has recorded it
    count = cloud.restored(session, mark)
    LOG.warning("The database was restored from a backup: its mark is %d, and %d is known. %d operation(s) of before "
                "are given up. Guests, disks and images that it does not know are left alone. See: nova-lite audit",
                row.mark, mark, count)
