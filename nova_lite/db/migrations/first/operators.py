"""The first schema: what operators keep."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, Moment

sa.Table(
    "server_groups", METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("project_id", sa.String(64), nullable=False, index=True),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("policy", sa.String(32), nullable=False),
    sa.Column("max_server_per_host", sa.Integer),
    sa.Column("created_at", Moment, nullable=False))

sa.Table(
    "aggregates", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment))

sa.Table(
    "aggregate_hosts", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("aggregate_id", sa.Integer, sa.ForeignKey("aggregates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("host", sa.String(255), nullable=False, index=True),
    sa.UniqueConstraint("aggregate_id", "host"))

sa.Table(
    "quota_classes", METADATA,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("limit", sa.Integer, nullable=False))

sa.Table(
    "user_quotas", METADATA,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("limit", sa.Integer, nullable=False))

sa.Table(
    "external_events", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("server_id", sa.String(36), nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("tag", sa.String(255)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Index("ix_external_events_server_id_name_tag", "server_id", "name", "tag"))
