"""Metadata and tags of servers; each change reads, checks and writes in one transaction."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import quotas, servers

MAX_TAGS = 50


class Metadata:
    """Metadata of servers, which guests can read.

    Changes raise InvalidState (the server is busy or never came up), ServerLocked and MetadataLimitExceeded.
    """

    def merge(self, context, server, items):
        """Set some items and keep the rest; return all."""
        return self._write(context, server, "update metadata", lambda present: {**present, **items})

    def replace(self, context, server, items):
        return self._write(context, server, "update metadata", lambda present: items)

    def remove(self, context, server, key):
        """:raises MetadataItemNotFound:"""
        if key not in server.metadata:
            raise exceptions.MetadataItemNotFound()
        self._write(context, server, "delete metadata",
                    lambda present: {name: value for name, value in present.items() if name != key})

    @staticmethod
    def _write(context, server, operation, change):
        with db.writer() as session:
            row = servers.hold(session, context, server.id, operation, idle=True, lockable=True)
            items = change(row.metadata)
            limit = quotas.limits(session, row.project_id)["metadata_items"]
            if 0 <= limit < len(items):
                raise exceptions.MetadataLimitExceeded(limit=limit)
            servers.update(session, server.id, metadata=items)
        return items


class Tags:
    """Tags of servers.  Changes raise InvalidState while the server is not up."""

    def add(self, context, server, tag):
        """Whether the server did not have it yet.  :raises TooManyTags:"""
        with db.writer() as session:
            row = servers.hold(session, context, server.id, "update tag")
            if len(row.tags) >= MAX_TAGS:
                raise exceptions.TooManyTags(limit=MAX_TAGS)
            if tag in row.tags:
                return False
            servers.update(session, server.id, tags=sorted([*row.tags, tag]))
            return True

    def replace(self, context, server, tags):
        """Return them as kept: sorted, each once."""
        kept = sorted(set(tags))
        with db.writer() as session:
            servers.hold(session, context, server.id, "update tags")
            servers.update(session, server.id, tags=kept)
        return kept

    def remove(self, context, server, tag):
        """:raises TagNotFound:"""
        with db.writer() as session:
            row = servers.hold(session, context, server.id, "delete tag")
            if tag not in row.tags:
                raise exceptions.TagNotFound(server_id=server.id, tag=tag)
            servers.update(session, server.id, tags=[each for each in row.tags if each != tag])

    def clear(self, context, server):
        with db.writer() as session:
            servers.hold(session, context, server.id, "delete tags")
            servers.update(session, server.id, tags=[])
