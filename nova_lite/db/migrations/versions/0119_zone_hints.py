"""Availability zones that owners of networks and routers wish for."""

import sqlalchemy as sa
from alembic import op

revision = "0119"
down_revision = "0118"
branch_labels = None
depends_on = None


def upgrade():
    for table in ("networks", "routers"):
        op.add_column(table, sa.Column("availability_zone_hints", sa.JSON(), nullable=True))
