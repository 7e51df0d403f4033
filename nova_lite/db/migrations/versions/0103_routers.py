"""Routers, their ports and their tags."""

import sqlalchemy as sa
from alembic import op

from nova_lite.db.migrations.first.base import ExactText, Moment

revision = "0103"
down_revision = "0102"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "routers",
        sa.Column("admin_state_up", sa.Boolean, nullable=False),
        sa.Column("enable_snat", sa.Boolean, nullable=False),
        sa.Column("routes", sa.JSON, nullable=False),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False, index=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False))
    op.create_table(
        "router_ports",
        sa.Column("port_id", sa.String(36), sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("router_id", sa.String(36), sa.ForeignKey("routers.id"), nullable=False, index=True),
        sa.Column("port_type", sa.String(64), nullable=False))
    op.create_table(
        "router_tags",
        sa.Column("resource_id", sa.String(36), sa.ForeignKey("routers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", ExactText, primary_key=True))


def downgrade():
    for name in ("router_tags", "router_ports", "routers"):
        op.drop_table(name)
