"""Desired state of hosts, in scopes whose revisions count changes, and what each consumer has applied of it."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, now

_NAME = sa.String(300)          # "host:" and a host's name


class Scope(Base):
    """Something that consumers follow as a whole: "host:NAME", "network:ID", "router:ID", "group:ID" and the like."""

    __tablename__ = "scopes"
    scope: Mapped[str] = mapped_column(_NAME, primary_key=True)
    revision: Mapped[int] = mapped_column(sa.BigInteger)              # counts the transactions that changed it
    purged: Mapped[int] = mapped_column(sa.BigInteger, default=0)     # the newest revision whose tombstones are gone
    changed_at: Mapped[datetime.datetime] = mapped_column(default=now)


class ScopeRow(Base):
    """One resource of a scope and the revision that changed it last; what it is like stands in its own tables."""

    __tablename__ = "scope_rows"
    scope: Mapped[str] = mapped_column(_NAME, primary_key=True)
    type: Mapped[str] = mapped_column(sa.String(16), primary_key=True)    # "port", "network", "member", ...
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    gone_at: Mapped[datetime.datetime | None] = mapped_column(index=True)     # set: a tombstone; None: it is there


class Applied(Base):
    """Which revision of a scope is in force at a consumer."""

    __tablename__ = "applied"
    consumer: Mapped[str] = mapped_column(sa.String(255), primary_key=True)   # a host's name
    scope: Mapped[str] = mapped_column(_NAME, primary_key=True, index=True)
    revision: Mapped[int] = mapped_column(sa.BigInteger)
    error: Mapped[str | None] = mapped_column(sa.Text)                # why nothing newer is in force; None: it is
    reported_at: Mapped[datetime.datetime] = mapped_column(default=now)
