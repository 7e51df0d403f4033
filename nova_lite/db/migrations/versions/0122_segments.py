"""Segments of networks, of which each network that is there gets one."""

import uuid

import sqlalchemy as sa
from alembic import op

from nova_lite.db.migrations.first.base import ExactText, Moment

revision = "0122"
down_revision = "0121"
branch_labels = None
depends_on = None

_TEXT = sa.String(255)
_MANY = 500         # rows of one INSERT


def upgrade():
    segments = op.create_table(
        "segments",
        sa.Column("id", sa.String(36), nullable=False), sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("name", _TEXT, nullable=True), sa.Column("description", _TEXT, nullable=False),
        sa.Column("network_type", sa.String(32), nullable=False),
        sa.Column("physical_network", sa.String(64), nullable=True),
        sa.Column("segmentation_id", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False), sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], ondelete="CASCADE", name="fk_segments_network_id"),
        sa.PrimaryKeyConstraint("id", name="pk_segments"))
    op.create_index("ix_segments_network_id", "segments", ["network_id"])
    op.create_table(
        "segment_tags",
        sa.Column("resource_id", sa.String(36), nullable=False), sa.Column("tag", ExactText, nullable=False),
        sa.ForeignKeyConstraint(["resource_id"], ["segments.id"], ondelete="CASCADE",
                                name="fk_segment_tags_resource_id"),
        sa.PrimaryKeyConstraint("resource_id", "tag", name="pk_segment_tags"))
    networks = sa.table("networks", sa.column("id", sa.String(36)), sa.column("physical_network", sa.String(64)),
                        sa.column("created_at", Moment))
    made = [{"id": str(uuid.uuid4()), "network_id": row.id, "description": "", "revision": 1,
             "network_type": "flat" if row.physical_network else "local", "physical_network": row.physical_network,
             "created_at": row.created_at, "updated_at": row.created_at}
            for row in op.get_bind().execute(sa.select(*networks.c))]
    for start in range(0, len(made), _MANY):
        op.bulk_insert(segments, made[start:start + _MANY])
