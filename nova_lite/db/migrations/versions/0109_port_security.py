"""Ports without port security, and networks whose new ports are so; those of the network itself always were.

The default stays in the database: the tables are others' parents, which SQLite cannot make anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0109"
down_revision = "0106"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("networks", "ports"):
        op.add_column(name, sa.Column("port_security_enabled", sa.Boolean, nullable=False, server_default=sa.true()))
    ports = sa.table("ports", sa.column("device_owner", sa.String), sa.column("port_security_enabled", sa.Boolean))
    op.execute(ports.update().where(ports.c.device_owner.like("network:%")).values(port_security_enabled=False))
