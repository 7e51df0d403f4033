"""Trunks and their sub-ports."""

import sqlalchemy as sa
from alembic import op

from nova_lite.db.migrations.first.base import ExactText, Moment

revision = "0120"
down_revision = "0127"
branch_labels = None
depends_on = None

_TEXT = sa.String(255)


def upgrade():
    op.create_table(
        "trunks",
        sa.Column("port_id", sa.String(36), nullable=False), sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False), sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", _TEXT, nullable=False), sa.Column("description", _TEXT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False), sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="CASCADE", name="fk_trunks_port_id"),
        sa.UniqueConstraint("port_id", name="uq_trunks_port_id"),
        sa.PrimaryKeyConstraint("id", name="pk_trunks"))
    op.create_index("ix_trunks_project_id", "trunks", ["project_id"])
    op.create_table(
        "trunk_subports",
        sa.Column("port_id", sa.String(36), nullable=False), sa.Column("trunk_id", sa.String(36), nullable=False),
        sa.Column("segmentation_type", sa.String(32), nullable=False),
        sa.Column("segmentation_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["ports.id"], ondelete="CASCADE", name="fk_trunk_subports_port_id"),
        sa.ForeignKeyConstraint(["trunk_id"], ["trunks.id"], ondelete="CASCADE", name="fk_trunk_subports_trunk_id"),
        sa.UniqueConstraint("trunk_id", "segmentation_type", "segmentation_id",
                            name="uq_trunk_subports_trunk_id_segmentation_type_segmentation_id"),
        sa.PrimaryKeyConstraint("port_id", name="pk_trunk_subports"))
    op.create_table(
        "trunk_tags",
        sa.Column("resource_id", sa.String(36), nullable=False), sa.Column("tag", ExactText, nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["trunks.id"], ondelete="CASCADE", name="fk_trunk_tags_resource_id"),
        sa.PrimaryKeyConstraint("resource_id", "tag", name="pk_trunk_tags"))
