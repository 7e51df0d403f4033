"""The first schema: identity."""

import sqlalchemy as sa

from nova_lite.db.migrations.first.base import METADATA, LongText, Moment

sa.Table(
    "identity_domains", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(64), nullable=False, unique=True),
    sa.Column("description", LongText, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False))

sa.Table(
    "identity_projects", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(64), nullable=False),
    sa.Column("domain_id", sa.String(64), sa.ForeignKey("identity_domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("description", LongText, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.UniqueConstraint("domain_id", "name_key"))

sa.Table(
    "identity_users", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("name_key", sa.String(64), nullable=False),
    sa.Column("domain_id", sa.String(64), sa.ForeignKey("identity_domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("default_project_id", sa.String(64)),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("failed_auth_count", sa.Integer, nullable=False),
    sa.Column("failed_auth_at", Moment),
    sa.UniqueConstraint("domain_id", "name_key"))

sa.Table(
    "identity_roles", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("name_key", sa.String(64), nullable=False, unique=True),
    sa.Column("description", LongText),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False))

sa.Table(
    "identity_implied_roles", METADATA,
    sa.Column("prior_id", sa.String(64), sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("implied_id", sa.String(64), sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True))

sa.Table(
    "identity_groups", METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(64), nullable=False),
    sa.Column("domain_id", sa.String(64), sa.ForeignKey("identity_domains.id", ondelete="CASCADE"), nullable=False),
    sa.Column("description", LongText, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("extra", sa.JSON, nullable=False),
    sa.UniqueConstraint("domain_id", "name_key"))

sa.Table(
    "identity_group_members", METADATA,
    sa.Column("user_id", sa.String(64), sa.ForeignKey("identity_users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", sa.String(64), sa.ForeignKey("identity_groups.id", ondelete="CASCADE"), primary_key=True))

sa.Table(
    "identity_grants", METADATA,
    sa.Column("actor_type", sa.String(8), primary_key=True),
    sa.Column("actor_id", sa.String(64), primary_key=True),
    sa.Column("target_type", sa.String(8), primary_key=True),
    sa.Column("target_id", sa.String(64), primary_key=True, index=True),
    sa.Column("role_id", sa.String(64), sa.ForeignKey("identity_roles.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("inherited", sa.Boolean, primary_key=True))

sa.Table(
    "identity_revision", METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("floor", sa.BigInteger, nullable=False))

sa.Table(
    "identity_revocations", METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(160), nullable=False, index=True),
    sa.Column("revision", sa.BigInteger, nullable=False, index=True),
    sa.Column("void", sa.Boolean, nullable=False),
    sa.Column("expires", sa.Double, nullable=False, index=True))

sa.Table(
    "identity_login_attempts", METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("forgotten", sa.Double, nullable=False),
    sa.Column("succeeded", sa.Double),
    sa.Column("expires", sa.Double, nullable=False, index=True))
