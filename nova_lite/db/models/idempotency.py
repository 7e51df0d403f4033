"""Requests that may be repeated: a client's Idempotency-Key, what it was sent with, and the answer it got."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText


class IdempotencyKey(Base):
    """One key of one user in one project.  The answer is written in the transaction that did what was asked."""

    __tablename__ = "idempotency_keys"
    #: SHA-256 of project, user and key: keys are told apart by case and length on every database.
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))           # SHA-256 of what was asked
    project_id: Mapped[str | None] = mapped_column(sa.String(64))
    #: The request that holds the key: who lost it finds another id here, and writes nothing.
    request_id: Mapped[str] = mapped_column(sa.String(64))
    claimed_until: Mapped[datetime.datetime]                          # then a repeat may do what the first did not
    answer: Mapped[str | None] = mapped_column(LongText)              # sealed; None while it is being answered
    expires_at: Mapped[datetime.datetime] = mapped_column(index=True)
