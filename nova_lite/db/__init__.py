"""State: typed models, one module of queries a resource, and the two doors ``reader()`` and ``writer()``.

Queries are functions that take the caller's session; only this package writes SQL.
"""

from nova_lite.db.session import reader, writer

__all__ = ["reader", "writer"]
