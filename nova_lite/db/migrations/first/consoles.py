"""The first schema: consoles."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, Moment

sa.Table(
    "console_tokens", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("server_id", sa.String(36), nullable=False, index=True),
    sa.Column("protocol", sa.String(16), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False, index=True))
