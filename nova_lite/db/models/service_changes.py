"""What other services change for operations, until it is done or undone."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, now
from nova_lite.objects.states import SERVER


class ServiceChange(Base):
    """One change: on record before a service that is not embedded is asked for it."""

    __tablename__ = "service_changes"
    #: The marker by which the service finds what it made; derived from the operation, the service and the verb.
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    operation_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    resource_type: Mapped[str] = mapped_column(sa.String(32), default=SERVER)     # with the id: what it is for
    resource_id: Mapped[str] = mapped_column(sa.String(36))
    service: Mapped[str] = mapped_column(sa.String(16))
    verb: Mapped[str] = mapped_column(sa.String(32))
    arguments: Mapped[dict] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(sa.String(16))                 # objects.service_change.ChangeState
    result: Mapped[dict | None]                                       # None: not known
    error: Mapped[str | None] = mapped_column(LongText)               # why it is not made, in words for users
    error_code: Mapped[int | None]                                    # an HTTP status, where it never will be
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime.datetime | None] = mapped_column(index=True)     # None: nothing is to be done
    undone_at: Mapped[datetime.datetime | None]                       # the first time
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    __table_args__ = (sa.Index("ix_service_changes_resource_id_resource_type", "resource_id", "resource_type"),)
