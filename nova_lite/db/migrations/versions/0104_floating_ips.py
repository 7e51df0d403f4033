"""Floating IPs and their tags."""

import sqlalchemy as sa
from alembic import op

from nova_lite.db.migrations.first.base import ExactText, Moment

revision = "0104"
down_revision = "0103"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "floatingips",
        sa.Column("floating_network_id", sa.String(36), sa.ForeignKey("networks.id"), nullable=False, index=True),
        sa.Column("floating_port_id", sa.String(36), sa.ForeignKey("ports.id"), nullable=False, unique=True),
        sa.Column("floating_ip_address", sa.String(64), nullable=False),
        sa.Column("router_id", sa.String(36), sa.ForeignKey("routers.id"), index=True),
        sa.Column("fixed_port_id", sa.String(36), sa.ForeignKey("ports.id"), index=True),
        sa.Column("fixed_ip_address", sa.String(64)),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False, index=True),
        sa.Column("description", sa.String(255), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.UniqueConstraint("floating_network_id", "fixed_port_id", "fixed_ip_address"))
    op.create_table(
        "floatingip_tags",
        sa.Column("resource_id", sa.String(36), sa.ForeignKey("floatingips.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("tag", ExactText, primary_key=True))


def downgrade():
    for name in ("floatingip_tags", "floatingips"):
        op.drop_table(name)
