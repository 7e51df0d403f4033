"""The first schema: migrations of servers."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, Moment

sa.Table(
    "server_migrations", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("server_id", sa.String(36), nullable=False, index=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("status", sa.String(32), nullable=False),
    sa.Column("operation_id", sa.String(36)),
    sa.Column("source_host", sa.String(255)),
    sa.Column("source_node", sa.String(255)),
    sa.Column("dest_host", sa.String(255)),
    sa.Column("dest_node", sa.String(255)),
    sa.Column("dest_ip", sa.String(39)),
    sa.Column("old_flavor_id", sa.Integer),
    sa.Column("new_flavor_id", sa.Integer),
    sa.Column("old_flavor", sa.JSON),
    sa.Column("new_flavor", sa.JSON),
    sa.Column("old_vm_state", sa.String(32)),
    sa.Column("moved_at", Moment),
    sa.Column("memory_total", sa.BigInteger),
    sa.Column("memory_processed", sa.BigInteger),
    sa.Column("memory_remaining", sa.BigInteger),
    sa.Column("disk_total", sa.BigInteger),
    sa.Column("disk_processed", sa.BigInteger),
    sa.Column("disk_remaining", sa.BigInteger),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment),
    sa.Index("ix_server_migrations_created_at", "created_at"))
