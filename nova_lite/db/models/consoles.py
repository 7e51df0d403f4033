"""Tokens of remote consoles."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, now


class ConsoleToken(Base):
    """The right to one console of one server until it is stopped; of the token itself only the digest is kept."""

    __tablename__ = "console_tokens"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)           # SHA-256, hexadecimal
    server_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    protocol: Mapped[str] = mapped_column(sa.String(16))                      # "vnc", "serial"
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime.datetime] = mapped_column(index=True)
