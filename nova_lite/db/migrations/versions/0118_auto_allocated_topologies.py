"""The default external network, and networks that projects were given when they asked for any."""

import sqlalchemy as sa
from alembic import op

revision = "0118"
down_revision = "0117"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("networks", sa.Column("is_default", sa.Boolean(), nullable=True))
    op.create_index("ix_networks_is_default", "networks", ["is_default"], unique=True)
    op.create_table(
        "auto_topologies",
        sa.Column("project_id", sa.String(64), nullable=False), sa.Column("network_id", sa.String(36), nullable=False),
        sa.Column("router_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["networks.id"], ondelete="CASCADE",
                                name="fk_auto_topologies_network_id"),
        sa.ForeignKeyConstraint(["router_id"], ["routers.id"], ondelete="SET NULL",
                                name="fk_auto_topologies_router_id"),
        sa.PrimaryKeyConstraint("project_id", name="pk_auto_topologies"))
    for name in ("network_id", "router_id"):
        op.create_index(f"ix_auto_topologies_{name}", "auto_topologies", [name])
