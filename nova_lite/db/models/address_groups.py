"""Address groups: named sets of prefixes that rules of security groups can refer to."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id


class AddressGroup(Base):
    """As an address scope it has neither history nor tags."""

    __tablename__ = "address_groups"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    name: Mapped[str] = mapped_column(sa.String(255), default="")
    description: Mapped[str] = mapped_column(sa.String(255), default="")


class AddressGroupAddress(Base):
    """One prefix of one group, without host bits: "10.0.0.0/24"."""

    __tablename__ = "address_group_addresses"
    address_group_id: Mapped[str] = mapped_column(sa.ForeignKey("address_groups.id", ondelete="CASCADE"),
                                                  primary_key=True)
    address: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
