"""The first schema: what other services change for operations."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "service_changes", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("operation_id", sa.String(36), nullable=False, index=True),
    sa.Column("resource_type", sa.String(32), nullable=False),
    sa.Column("resource_id", sa.String(36), nullable=False),
    sa.Column("service", sa.String(16), nullable=False),
    sa.Column("verb", sa.String(32), nullable=False),
    sa.Column("arguments", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("result", sa.JSON),
    sa.Column("error", LongText),
    sa.Column("error_code", sa.Integer),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_try_at", Moment, index=True),
    sa.Column("undone_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Index("ix_service_changes_resource_id_resource_type", "resource_id", "resource_type"))
