"""Images of the embedded image service, what they are filtered by, and whom they are shared with."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now


class Image(Base):
    """One image.  A deleted one stays as a row, so that nobody else can ever take its id."""

    __tablename__ = "images"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    name: Mapped[str | None] = mapped_column(sa.String(255))
    project_id: Mapped[str | None] = mapped_column(sa.String(255))    # the API's "owner"
    status: Mapped[str] = mapped_column(sa.String(16), default="queued")
    visibility: Mapped[str] = mapped_column(sa.String(16), default="shared")
    disk_format: Mapped[str | None] = mapped_column(sa.String(16))
    container_format: Mapped[str | None] = mapped_column(sa.String(16))
    size: Mapped[int | None] = mapped_column(sa.BigInteger)           # bytes of the file; None until uploaded
    virtual_size: Mapped[int | None] = mapped_column(sa.BigInteger)   # bytes a guest sees
    checksum: Mapped[str | None] = mapped_column(sa.String(32))       # MD5
    os_hash_algo: Mapped[str | None] = mapped_column(sa.String(64))
    os_hash_value: Mapped[str | None] = mapped_column(sa.String(128))
    min_disk: Mapped[int] = mapped_column(default=0)                  # GiB
    min_ram: Mapped[int] = mapped_column(default=0)                   # MiB
    protected: Mapped[bool] = mapped_column(default=False)
    os_hidden: Mapped[bool] = mapped_column(default=False)
    properties: Mapped[dict] = mapped_column(default=dict)            # strings only
    tags: Mapped[list] = mapped_column(default=list)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime.datetime | None]
    __table_args__ = (sa.Index("ix_images_deleted_at_created_at", "deleted_at", "created_at", "id"),
                      sa.Index("ix_images_project_id_deleted_at", "project_id", "deleted_at"))


class ImageLabel(Base):
    """One tag (its name is "") or one property of an image, kept beside the row only to filter by."""

    __tablename__ = "image_labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(sa.ForeignKey("images.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(255), index=True)
    value: Mapped[str] = mapped_column(sa.Text)


class ImageMember(Base):
    """A project that a shared image is offered to."""

    __tablename__ = "image_members"
    image_id: Mapped[str] = mapped_column(sa.ForeignKey("images.id", ondelete="CASCADE"), primary_key=True)
    member_id: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    status: Mapped[str] = mapped_column(sa.String(16), default="pending")
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=now)
