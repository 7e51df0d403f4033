"""Segments of networks: layers 2 that a network consists of."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now
from nova_lite.db.models.networks import Tag


class Segment(Base):
    """One of a network, on whose bridge all of its ports are, however many segments it says it has."""

    __tablename__ = "segments"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    network_id: Mapped[str] = mapped_column(sa.ForeignKey("networks.id", ondelete="CASCADE"), index=True)
    name: Mapped[str | None] = mapped_column(sa.String(255))
    description: Mapped[str] = mapped_column(sa.String(255), default="")
    network_type: Mapped[str] = mapped_column(sa.String(32))          # "local", or "flat" as its network is
    physical_network: Mapped[str | None] = mapped_column(sa.String(64))
    segmentation_id: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=now, onupdate=now)


class SegmentTag(Tag, Base):
    __tablename__ = "segment_tags"
    resource_id: Mapped[str] = mapped_column(sa.ForeignKey("segments.id", ondelete="CASCADE"), primary_key=True)
