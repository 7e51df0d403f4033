"""What the rooms of the embedded service share: whose eyes, pages, quotas."""

from nova_lite import db
from nova_lite.conf import CONF
from nova_lite.db import networks as queries
from nova_lite.db import quotas
from nova_lite.network import exceptions
from nova_lite.network.listing import one


def eyes(context):
    """The project whose resources ``context`` sees; None: everything.  A user without one sees what is shared."""
    return None if context.is_admin else context.project_id or ""


class Room:
    """List and get, the same for every kind of resource.

    Subclasses set ``query(session, project_id, page)``, ``model`` and ``missing(resource_id) -> exception``.
    """

    resource = ""           # its name in quotas
    query = model = missing = None

    def list(self, context, ask):
        """Dicts of what ``context`` may see.  :raises InvalidInput: the marker is unknown."""
        with db.reader() as session:
            return self.find(session, eyes(context), ask)

    def get(self, context, resource_id):
        """One dict.  :raises NotFound: also for what ``context`` may not see."""
        with db.reader() as session:
            return self.load(session, eyes(context), resource_id)

    def find(self, session, project_id, ask):
        after = None
        if ask.marker is not None:
            after = self.load(session, project_id, ask.marker)
        return self._query(session, project_id, queries.Page(ask.filters, ask.sort, ask.limit, after), ask)

    def _query(self, session, project_id, page, ask):
        return type(self).query(session, project_id, page)

    def load(self, session, project_id, resource_id):
        found = self.find(session, project_id, one(resource_id))
        if not found:
            raise type(self).missing(resource_id)
        return found[0]

    def check_quota(self, session, project_id):
        """One more is not too many, and until this transaction ends nobody else can take its place.

        :raises OverQuota: it is.
        """
        limit = CONF.network[f"quota_{self.resource}"]
        if limit >= 0:
            quotas.lock(session, project_id)
            if self.used(session, project_id) >= limit:
                raise exceptions.OverQuota(resource=self.resource)

    def usage(self, project_id):
        """How many a project has at this moment."""
        with db.reader() as session:
            return self.used(session, project_id)

    def used(self, session, project_id):
        """How many a project has."""
        return queries.count(session, self.model, project_id)
