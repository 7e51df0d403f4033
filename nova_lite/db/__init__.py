"""State: typed models, one module of queries a resource, and sessions: ``reader()``, ``writer()``, ``snapshot()``.

Queries are functions that take the caller's session; only this package writes SQL.
"""

from nova_lite.db.session import afterwards, reader, snapshot, writer

__all__ = ["afterwards", "reader", "snapshot", "writer"]
