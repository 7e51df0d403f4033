"""Security groups and address groups have scopes, which hosts follow; those that are there are in their first revision.
"""

import sqlalchemy as sa
from alembic import op

from nova_lite.db.base import now
from nova_lite.db.migrations.first.base import Moment

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None

_SCOPES = sa.table("scopes", *(sa.column(name, kind) for name, kind in (
    ("scope", sa.String), ("revision", sa.BigInteger), ("purged", sa.BigInteger), ("changed_at", Moment))))
_ROWS = sa.table("scope_rows", *(sa.column(name, kind) for name, kind in (
    ("scope", sa.String), ("type", sa.String), ("id", sa.String), ("revision", sa.BigInteger))))


def upgrade():
    op.create_index(op.f("ix_applied_scope"), "applied", ["scope"])
    moment = now()
    for kind, table in (("group", "security_groups"), ("address_group", "address_groups")):
        groups = sa.table(table, sa.column("id", sa.String))
        scope = sa.literal(f"{kind}:").concat(groups.c.id)
        op.execute(_SCOPES.insert().from_select(list(_SCOPES.c.keys()), sa.select(
            scope, sa.literal(1), sa.literal(0), sa.literal(moment, Moment))))
        op.execute(_ROWS.insert().from_select(list(_ROWS.c.keys()), sa.select(
            scope, sa.literal(kind), groups.c.id, sa.literal(1))))
    members = sa.table("port_security_groups", sa.column("port_id", sa.String), sa.column("security_group_id", sa.String))
    op.execute(_ROWS.insert().from_select(list(_ROWS.c.keys()), sa.select(
        sa.literal("group:").concat(members.c.security_group_id), sa.literal("member"), members.c.port_id,
        sa.literal(1))))


def downgrade():
    for table in (_SCOPES, _ROWS):
        op.execute(table.delete().where(sa.or_(table.c.scope.like("group:%"), table.c.scope.like("address_group:%"))))
    op.drop_index(op.f("ix_applied_scope"), table_name="applied")
