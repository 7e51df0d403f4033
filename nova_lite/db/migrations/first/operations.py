"""The first schema: operations, their second resources and their steps."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "operations", METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("resource_type", sa.String(32), nullable=False),
    sa.Column("resource_id", sa.String(36), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("place", sa.String(255), nullable=False),
    sa.Column("step", sa.String(64)),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("lease_until", Moment),
    sa.Column("worker", sa.String(255)),
    sa.Column("last_notified_at", Moment),
    sa.Column("deadline", Moment, nullable=False),
    sa.Column("waits_for", sa.String(36)),
    sa.Column("waits_since", Moment),
    sa.Column("args", sa.JSON, nullable=False),
    sa.Column("previous", sa.JSON, nullable=False),
    sa.Column("message", sa.String(255)),
    sa.Column("error", LongText),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(64), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False, index=True),
    sa.Column("route", sa.String(255)),
    sa.Column("origin", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment),
    sa.Column("finished_at", Moment),
    sa.Index("ix_operations_finished_at_lease_until", "finished_at", "lease_until"),
    sa.Index("ix_operations_resource_id_resource_type", "resource_id", "resource_type"))

sa.Table(
    "operation_subjects", METADATA,
    sa.Column("operation_id", sa.String(36), sa.ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("resource_type", sa.String(32), primary_key=True),
    sa.Column("resource_id", sa.String(36), primary_key=True),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Index("ix_operation_subjects_resource_id_resource_type", "resource_id", "resource_type"))

sa.Table(
    "operation_steps", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("operation_id", sa.String(36), sa.ForeignKey("operations.id", ondelete="CASCADE"),
              nullable=False, index=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("ran", sa.Text),
    sa.Column("host", sa.String(255)),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("started_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Column("outcome", sa.String(16)),
    sa.Column("detail", LongText),
    sa.Column("traceback", LongText),
    sa.Column("decision", sa.JSON))
