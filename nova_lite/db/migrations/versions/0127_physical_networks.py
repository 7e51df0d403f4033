"""Networks on NICs of hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0127"
down_revision = "0119"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("networks", sa.Column("physical_network", sa.String(64), nullable=True))
    op.create_index("ix_networks_physical_network", "networks", ["physical_network"], unique=True)
