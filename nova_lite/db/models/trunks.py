"""Trunks: ports of guests that carry other ports' traffic besides their own, each with a VLAN's number."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base
from nova_lite.db.models.networks import Resource, Tag


class Trunk(Resource, Base):
    """What its parent port carries.  Who changes its sub-ports has locked it, and then their ports."""

    __tablename__ = "trunks"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), unique=True)
    admin_state_up: Mapped[bool] = mapped_column(default=True)        # False: it is not changed, nor deleted


class Subport(Base):
    """A port whose traffic the parent port of a trunk carries, and which is bound where that is."""

    __tablename__ = "trunk_subports"
    port_id: Mapped[str] = mapped_column(sa.ForeignKey("ports.id", ondelete="CASCADE"), primary_key=True)
    trunk_id: Mapped[str] = mapped_column(sa.ForeignKey("trunks.id", ondelete="CASCADE"))
    segmentation_type: Mapped[str] = mapped_column(sa.String(32))     # "vlan"
    segmentation_id: Mapped[int]                                      # the VLAN's number, 1 to 4094
    __table_args__ = (sa.UniqueConstraint("trunk_id", "segmentation_type", "segmentation_id"),)


class TrunkTag(Tag, Base):
    __tablename__ = "trunk_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("trunks.id", ondelete="CASCADE"), primary_key=True)
