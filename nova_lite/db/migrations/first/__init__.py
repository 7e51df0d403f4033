"""The first schema as tables of SQLAlchemy's core, one module for each of ``db/models``.

Revision 0100 creates them.  They repeat the models on purpose: models change, and a database that this revision made
must be known for ever.
"""

from nova_lite.db.migrations.first import (
    audit,
    cloud,
    consoles,
    desired_state,
    idempotency,
    identity,
    images,
    networks,
    operations,
    operators,
    server_migrations,
    servers,
    service_changes,
)
from nova_lite.db.migrations.first.base import METADATA

__all__ = ["METADATA", "audit", "cloud", "consoles", "desired_state", "idempotency", "identity", "images", "networks",
           "operations", "operators", "server_migrations", "servers", "service_changes"]
