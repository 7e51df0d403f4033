"""Requests that may be repeated: a client's Idempotency-Key, what it was sent with, and the answer it got."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText


class IdempotencyKey(Base):
    """One key of one user in one project.  The answer is written in the transaction that did what was asked, or, where
    it is the outcome of an operation, after that.
    """

    __tablename__ = "idempotency_keys"
    #: SHA-256 of project, user and key: keys are distinguished by case and length on every database.
    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))           # SHA-256 of what was asked
    project_id: Mapped[str | None] = mapped_column(sa.String(64))
    #: The request that holds the key: who lost it finds another id here, and writes nothing.
    request_id: Mapped[str] = mapped_column(sa.String(64))
    claimed_until: Mapped[datetime.datetime]                          # then a repeat may do what the first did not
    answer: Mapped[str | None] = mapped_column(LongText)              # sealed; None while it is being answered
    expires_at: Mapped[datetime.datetime] = mapped_column(index=True)
    #: The operation that the request began, or is about to: a repeat goes on with that one.
    operation_id: Mapped[str | None] = mapped_column(sa.String(36))

    #: A project's keys are counted by it alone.
    __table_args__ = (sa.Index("ix_idempotency_keys_project_id_expires_at", project_id, expires_at),)
