"""The first schema: remembered answers."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "idempotency_keys", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64)),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("claimed_until", Moment, nullable=False),
    sa.Column("answer", LongText),
    sa.Column("expires_at", Moment, nullable=False, index=True),
    sa.Index("ix_idempotency_keys_project_id_expires_at", "project_id", "expires_at"))
