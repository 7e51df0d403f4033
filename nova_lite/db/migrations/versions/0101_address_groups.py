"""Address groups, and templates of security groups' first rules."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0101"
down_revision = "0100"
branch_labels = None
depends_on = None

_TEXT = sa.String(255)


def upgrade():
    op.create_table(
        "address_groups",
        sa.Column("id", sa.String(36), nullable=False), sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", _TEXT, nullable=False), sa.Column("description", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_address_groups"))
    op.create_index("ix_address_groups_project_id", "address_groups", ["project_id"])
    op.create_table(
        "address_group_addresses",
        sa.Column("address_group_id", sa.String(36), nullable=False), sa.Column("address", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["address_group_id"], ["address_groups.id"], ondelete="CASCADE",
                                name="fk_address_group_addresses_address_group_id"),
        sa.PrimaryKeyConstraint("address_group_id", "address", name="pk_address_group_addresses"))
    with op.batch_alter_table("security_group_rules") as batch:
        batch.add_column(sa.Column("remote_address_group_id", sa.String(36), nullable=True))
        batch.create_index("ix_security_group_rules_remote_address_group_id", ["remote_address_group_id"])
        batch.create_foreign_key("fk_security_group_rules_remote_address_group_id", "address_groups",
                                 ["remote_address_group_id"], ["id"])
    _templates()


def _templates():
    table = op.create_table(
        "default_security_group_rules",
        sa.Column("id", sa.String(36), nullable=False), sa.Column("description", _TEXT, nullable=False),
        sa.Column("direction", sa.String(8), nullable=False), sa.Column("ethertype", sa.String(8), nullable=False),
        sa.Column("protocol", sa.String(40), nullable=True), sa.Column("port_range_min", sa.Integer(), nullable=True),
        sa.Column("port_range_max", sa.Integer(), nullable=True),
        sa.Column("remote_ip_prefix", sa.String(64), nullable=True),
        sa.Column("remote_group_id", sa.String(36), nullable=True),
        sa.Column("remote_address_group_id", sa.String(36), nullable=True),
        sa.Column("used_in_default_sg", sa.Boolean(), nullable=False),
        sa.Column("used_in_non_default_sg", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["remote_address_group_id"], ["address_groups.id"],
                                name="fk_default_security_group_rules_remote_address_group_id"),
        sa.PrimaryKeyConstraint("id", name="pk_default_security_group_rules"))
    op.create_index("ix_default_security_group_rules_remote_address_group_id", "default_security_group_rules",
                    ["remote_address_group_id"])
    op.bulk_insert(table, [
        {"id": str(uuid.uuid4()), "description": "", "direction": direction, "ethertype": ethertype,
         "remote_group_id": remote, "used_in_default_sg": True, "used_in_non_default_sg": remote is None}
        for direction, remote in (("egress", None), ("ingress", "PARENT")) for ethertype in ("IPv4", "IPv6")])
