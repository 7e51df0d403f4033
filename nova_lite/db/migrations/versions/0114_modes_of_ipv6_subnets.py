"""How guests of IPv6 subnets get addresses, and what routers announce to them."""

import sqlalchemy as sa
from alembic import op

revision = "0114"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("ipv6_ra_mode", "ipv6_address_mode"):
        op.add_column("subnets", sa.Column(name, sa.String(16)))
