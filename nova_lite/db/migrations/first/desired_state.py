"""The first schema: what hosts should have, and what they have applied of it."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, Moment

sa.Table(
    "scopes", METADATA,
    sa.Column("scope", sa.String(300), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("purged", sa.BigInteger, nullable=False),
    sa.Column("changed_at", Moment, nullable=False))

sa.Table(
    "scope_rows", METADATA,
    sa.Column("scope", sa.String(300), primary_key=True),
    sa.Column("type", sa.String(16), primary_key=True),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("gone_at", Moment, index=True))

sa.Table(
    "applied", METADATA,
    sa.Column("consumer", sa.String(255), primary_key=True),
    sa.Column("scope", sa.String(300), primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("reported_at", Moment, nullable=False))
