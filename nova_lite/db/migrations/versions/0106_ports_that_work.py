"""Port bindings say whether the port works on its host; those that are bound do, until their hosts say otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0106"
down_revision = "0105"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("port_bindings") as table:
        table.add_column(sa.Column("up", sa.Boolean, nullable=False, server_default=sa.false()))
    bindings = sa.table("port_bindings", sa.column("host", sa.String), sa.column("up", sa.Boolean))
    op.execute(bindings.update().where(bindings.c.host != "").values(up=True))
    with op.batch_alter_table("port_bindings") as table:
        table.alter_column("up", existing_type=sa.Boolean, existing_nullable=False, server_default=None)
