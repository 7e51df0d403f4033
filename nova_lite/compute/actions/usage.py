"""Usage of projects, for simple-tenant-usage."""

from nova_lite import db
from nova_lite.common.visibility import ALL
from nova_lite.db import usage


class Usage:
    def servers(self, context, start, stop, *, project_id=ALL, limit=None, marker=None):
        """Rows of ``db.usage.servers``.  :raises MarkerNotFound:"""
        with db.reader() as session:
            return usage.servers(session, start, stop, project_id=project_id, limit=limit, marker=marker)
