"""Templates of the rules that a new security group has."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id


class DefaultSecurityGroupRule(Base):
    """As a security group's rule; a ``remote_group_id`` of "PARENT" stands for the new group itself."""

    __tablename__ = "default_security_group_rules"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    description: Mapped[str] = mapped_column(sa.String(255), default="")
    direction: Mapped[str] = mapped_column(sa.String(8))
    ethertype: Mapped[str] = mapped_column(sa.String(8))
    protocol: Mapped[str | None] = mapped_column(sa.String(40))
    port_range_min: Mapped[int | None]
    port_range_max: Mapped[int | None]
    remote_ip_prefix: Mapped[str | None] = mapped_column(sa.String(64))
    remote_group_id: Mapped[str | None] = mapped_column(sa.String(36))
    remote_address_group_id: Mapped[str | None] = mapped_column(sa.ForeignKey("address_groups.id"), index=True)
    used_in_default_sg: Mapped[bool]                    # a rule of the project's group "default"
    used_in_non_default_sg: Mapped[bool]                # a rule of every other group


#: What there is at first: all traffic out of a group's ports, and in from ports of a project's group "default".
FIRST = [{"direction": direction, "ethertype": ethertype, "remote_group_id": remote_group_id,
          "used_in_default_sg": True, "used_in_non_default_sg": remote_group_id is None}
         for direction, remote_group_id in (("egress", None), ("ingress", "PARENT")) for ethertype in ("IPv4", "IPv6")]


@sa.event.listens_for(DefaultSecurityGroupRule.__table__, "after_create")
def fill(table, connection, **_):
    """Write FIRST into an empty table."""
    connection.execute(sa.insert(table), [{"id": new_id(), **each} for each in FIRST])
