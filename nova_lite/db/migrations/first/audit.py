"""The first schema: what the auditor found."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "drifts", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("part", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("detail", LongText, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("first_seen_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.UniqueConstraint("part", "kind", "subject"))

sa.Table(
    "audit_looks", METADATA,
    sa.Column("part", sa.String(255), primary_key=True),
    sa.Column("turn_at", Moment),
    sa.Column("looked_at", Moment),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("position", sa.String(255), nullable=False),
    sa.Column("asked_at", Moment),
    sa.Column("taken_at", Moment))

sa.Table(
    "audit_counters", METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("label", sa.String(128), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False))
