"""The first schema: the tables of ``db/migrations/first``."""

from alembic import op

from nova_lite.db.migrations import first

revision = "0100"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    first.METADATA.create_all(op.get_bind(), checkfirst=False)
