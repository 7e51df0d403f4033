"""A remembered request may name the operation whose outcome is its answer."""

import sqlalchemy as sa
from alembic import op

revision = "0102"
down_revision = "0101"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("idempotency_keys", sa.Column("operation_id", sa.String(36), nullable=True))
