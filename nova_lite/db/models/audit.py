"""What the auditor found, how often, and when it looked."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, now


class Drift(Base):
    """One difference; it has one row however often it comes back."""

    __tablename__ = "drifts"
    id: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(sa.String(255))                 # drifts.DATABASE, or the name of a host
    kind: Mapped[str] = mapped_column(sa.String(64))                  # a key of objects.drift.KINDS
    subject: Mapped[str] = mapped_column(sa.String(255))
    detail: Mapped[str] = mapped_column(LongText, default="")
    state: Mapped[str] = mapped_column(sa.String(16))                 # "open", "repaired" or "gone"
    times: Mapped[int] = mapped_column(default=1)                     # how often it came
    first_seen_at: Mapped[datetime.datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime.datetime] = mapped_column(default=now)
    __table_args__ = (sa.UniqueConstraint("part", "kind", "subject"), sa.Index("ix_drifts_state", "state"))


class Look(Base):
    """The last look of one part, and who wants the next one at once."""

    __tablename__ = "audit_looks"
    part: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    turn_at: Mapped[datetime.datetime | None]         # when one of several conductors began the last periodic look
    looked_at: Mapped[datetime.datetime | None]       # when the last look ended; None: there was none yet
    seconds: Mapped[float] = mapped_column(default=0.0)
    #: Where the next look goes on: the number of the last server seen, or a moment, as text.
    position: Mapped[str] = mapped_column(sa.String(255), default="")
    asked_at: Mapped[datetime.datetime | None]        # somebody wants a look and waits; None when it was answered
    taken_at: Mapped[datetime.datetime | None]        # when a conductor last passed on that it is wanted


class Counter(Base):
    """What is only ever added to: differences found and repaired, operations ended, requests answered."""

    __tablename__ = "audit_counters"
    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    label: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    value: Mapped[int] = mapped_column(sa.BigInteger, default=0)
