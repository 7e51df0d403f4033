"""What operators keep: server groups, aggregates, limits of classes and users, outside events."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, new_id, now


class ServerGroup(Base):
    """Servers that should be together on hosts, or apart.  Its members are the servers whose ``group_id`` names it."""

    __tablename__ = "server_groups"
    number: Mapped[int] = mapped_column(primary_key=True)             # the order lists have
    id: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    project_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    user_id: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(255))
    policy: Mapped[str] = mapped_column(sa.String(32))                # "affinity", "anti-affinity", and both "soft-"
    max_server_per_host: Mapped[int | None]                           # of anti-affinity; None: 1
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)


class Aggregate(Base):
    """Hosts that have something in common, said by its metadata.

    The item ``availability_zone`` names the zone of its hosts, which ComputeNode.availability_zone repeats.
    """

    __tablename__ = "aggregates"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(sa.String(36), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(255), unique=True)
    meta: Mapped[dict] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(onupdate=now)


class AggregateHost(Base):
    """A host is in an aggregate."""

    __tablename__ = "aggregate_hosts"
    id: Mapped[int] = mapped_column(primary_key=True)                 # the order it was added in
    aggregate_id: Mapped[int] = mapped_column(sa.ForeignKey("aggregates.id", ondelete="CASCADE"))
    host: Mapped[str] = mapped_column(sa.String(255), index=True)
    __table_args__ = (sa.UniqueConstraint("aggregate_id", "host"),)


class QuotaClass(Base):
    """A limit of a class; those of the class "default" hold for projects without limits of their own."""

    __tablename__ = "quota_classes"
    name: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    limit: Mapped[int]


class UserQuota(Base):
    """A limit of one user within a project; -1 means none."""

    __tablename__ = "user_quotas"
    project_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    resource: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    limit: Mapped[int]


class ExternalEvent(Base):
    """An event of another service about a server: a port is plugged, a volume grew."""

    __tablename__ = "external_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[str] = mapped_column(sa.String(36))
    name: Mapped[str] = mapped_column(sa.String(64))
    tag: Mapped[str | None] = mapped_column(sa.String(255))           # the port's or volume's id
    status: Mapped[str] = mapped_column(sa.String(16))                # "completed", "failed", "in-progress"
    received_at: Mapped[datetime.datetime] = mapped_column(default=now)
    __table_args__ = (sa.Index("ix_external_events_server_id_name_tag", "server_id", "name", "tag"),)
