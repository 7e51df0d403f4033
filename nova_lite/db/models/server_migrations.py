"""Migrations: servers that go to another host or size."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now


class ServerMigration(Base):
    """One move of a server to another host or size.

    ``Server.migration_id`` names the one that is open: from its request until it is confirmed, reverted or given up.
    """

    __tablename__ = "server_migrations"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    server_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str] = mapped_column(sa.String(64))
    kind: Mapped[str] = mapped_column(sa.String(16))                  # objects.migration.Kind
    status: Mapped[str] = mapped_column(sa.String(32))                # objects.migration.Status
    operation_id: Mapped[str | None] = mapped_column(sa.String(36))   # of the one that moves the server
    source_host: Mapped[str | None] = mapped_column(sa.String(255))
    source_node: Mapped[str | None] = mapped_column(sa.String(255))
    dest_host: Mapped[str | None] = mapped_column(sa.String(255))     # None until it is chosen
    dest_node: Mapped[str | None] = mapped_column(sa.String(255))
    dest_ip: Mapped[str | None] = mapped_column(sa.String(39))
    old_flavor_id: Mapped[int | None]                                 # Flavor.id
    new_flavor_id: Mapped[int | None]
    old_flavor: Mapped[dict | None]                                   # columns of Flavor; None where none changes
    new_flavor: Mapped[dict | None]
    old_vm_state: Mapped[str | None] = mapped_column(sa.String(32))   # to which a revert goes back
    moved_at: Mapped[datetime.datetime | None]                        # None until the server is at its destination
    memory_total: Mapped[int | None] = mapped_column(sa.BigInteger)   # bytes, of a live migration
    memory_processed: Mapped[int | None] = mapped_column(sa.BigInteger)
    memory_remaining: Mapped[int | None] = mapped_column(sa.BigInteger)
    disk_total: Mapped[int | None] = mapped_column(sa.BigInteger)
    disk_processed: Mapped[int | None] = mapped_column(sa.BigInteger)
    disk_remaining: Mapped[int | None] = mapped_column(sa.BigInteger)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(onupdate=now)
    __table_args__ = (sa.Index("ix_server_migrations_created_at", "created_at"),)
