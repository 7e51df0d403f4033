"""QoS policies of networks and ports."""

import sqlalchemy as sa
from alembic import op

from nova_lite.db.migrations.first.base import ExactText, Moment

revision = "0117"
down_revision = "0114"
branch_labels = None
depends_on = None

_TEXT = sa.String(255)


def upgrade():
    op.create_table(
        "qos_policies",
        sa.Column("default_for", sa.String(64), nullable=True),
        sa.Column("id", sa.String(36), nullable=False), sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", _TEXT, nullable=False), sa.Column("description", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False), sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.UniqueConstraint("default_for", name="uq_qos_policies_default_for"),
        sa.PrimaryKeyConstraint("id", name="pk_qos_policies"))
    op.create_index("ix_qos_policies_project_id", "qos_policies", ["project_id"])
    op.create_table(
        "qos_rules",
        sa.Column("id", sa.String(36), nullable=False), sa.Column("qos_policy_id", sa.String(36), nullable=False),
        sa.Column("type", sa.String(32), nullable=False), sa.Column("direction", sa.String(8), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in (
            "max_kbps", "max_burst_kbps", "min_kbps", "dscp_mark")),
        sa.ForeignKeyConstraint(["qos_policy_id"], ["qos_policies.id"], ondelete="CASCADE",
                                name="fk_qos_rules_qos_policy_id"),
        sa.PrimaryKeyConstraint("id", name="pk_qos_rules"))
    op.create_index("ix_qos_rules_qos_policy_id", "qos_rules", ["qos_policy_id"])
    op.create_table(
        "qos_policy_tags",
        sa.Column("resource_id", sa.String(36), nullable=False), sa.Column("tag", ExactText, nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["qos_policies.id"], ondelete="CASCADE",
                                name="fk_qos_policy_tags_resource_id"),
        sa.PrimaryKeyConstraint("resource_id", "tag", name="pk_qos_policy_tags"))
    for table in ("networks", "ports"):
        _add_policy(table)


def _add_policy(table):
    """A column with a foreign key; SQLite would copy the whole table for that, and delete what names its rows."""
    name = f"fk_{table}_qos_policy_id"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN qos_policy_id VARCHAR(36) CONSTRAINT {name} "
                   f"REFERENCES qos_policies (id)")
    else:
        op.add_column(table, sa.Column("qos_policy_id", sa.String(36), nullable=True))
        op.create_foreign_key(name, table, "qos_policies", ["qos_policy_id"], ["id"])
    op.create_index(f"ix_{table}_qos_policy_id", table, ["qos_policy_id"])
