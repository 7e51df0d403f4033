"""Port forwardings of floating IPs."""

import sqlalchemy as sa
from alembic import op

revision = "0105"
down_revision = "0104"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "port_forwardings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("floatingip_id", sa.String(36), sa.ForeignKey("floatingips.id"), nullable=False, index=True),
        sa.Column("internal_port_id", sa.String(36), sa.ForeignKey("ports.id"), nullable=False, index=True),
        sa.Column("internal_ip_address", sa.String(64), nullable=False),
        sa.Column("protocol", sa.String(40), nullable=False),
        sa.Column("external_first", sa.Integer, nullable=False),
        sa.Column("external_last", sa.Integer, nullable=False),
        sa.Column("internal_first", sa.Integer, nullable=False),
        sa.Column("internal_last", sa.Integer, nullable=False),
        sa.Column("description", sa.String(255), nullable=False))


def downgrade():
    op.drop_table("port_forwardings")
