"""QoS policies of floating IPs and of routers' gateways, and rules about numbers of packets."""

import sqlalchemy as sa
from alembic import op

revision = "0121"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("max_kpps", "max_burst_kpps", "min_kpps"):
        op.add_column("qos_rules", sa.Column(name, sa.Integer(), nullable=True))
    for table in ("floatingips", "routers"):
        _add_policy(table)


def _add_policy(table):
    """A column with a foreign key; SQLite would copy the whole table for that, and delete what names its rows."""
    name = f"fk_{table}_qos_policy_id"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"ALTER TABLE {table} ADD COLUMN qos_policy_id VARCHAR(36) CONSTRAINT {name} "
                   f"REFERENCES qos_policies (id)")
    else:
        op.add_column(table, sa.Column("qos_policy_id", sa.String(36), nullable=True))
        op.create_foreign_key(name, table, "qos_policies", ["qos_policy_id"], ["id"])
    op.create_index(f"ix_{table}_qos_policy_id", table, ["qos_policy_id"])
