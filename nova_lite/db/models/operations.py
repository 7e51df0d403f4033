"""Operations: every user-visible change as a durable row, and the journal of its steps."""

import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nova_lite.db.base import Base, LongText, new_id, now
from nova_lite.objects.states import SERVER, OperationState


class Operation(Base):
    """One change asked for: who, what, how far, and how it ended.  os-instance-actions is its public face."""

    __tablename__ = "operations"
    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(64))                  # a row of states.OPERATIONS
    resource_type: Mapped[str] = mapped_column(sa.String(32), default=SERVER)     # of db.resources.RESOURCES
    resource_id: Mapped[str] = mapped_column(sa.String(36))
    state: Mapped[str] = mapped_column(sa.String(16), default=OperationState.QUEUED)
    #: Where it runs: "conductor", or the name of a compute host.
    place: Mapped[str] = mapped_column(sa.String(255))
    step: Mapped[str | None] = mapped_column(sa.String(64))
    attempt: Mapped[int] = mapped_column(default=0)                   # the lease's fencing token
    lease_until: Mapped[datetime.datetime | None]                     # None: nobody works on it
    worker: Mapped[str | None] = mapped_column(sa.String(255))        # who holds the lease
    last_notified_at: Mapped[datetime.datetime | None]
    deadline: Mapped[datetime.datetime]                               # later by the time that it waited for a change
    #: The id of the row of service_changes that it waits for: until then it is neither due nor overdue.  None: none.
    waits_for: Mapped[str | None] = mapped_column(sa.String(36))
    waits_since: Mapped[datetime.datetime | None]
    args: Mapped[dict] = mapped_column(default=dict)
    previous: Mapped[dict] = mapped_column(default=dict)              # the resource's state, to go back to
    message: Mapped[str | None] = mapped_column(sa.String(255))       # None, or "Error" as Nova shows it
    error: Mapped[str | None] = mapped_column(LongText)
    project_id: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[str] = mapped_column(sa.String(64))
    request_id: Mapped[str] = mapped_column(sa.String(64), index=True)
    route: Mapped[str | None] = mapped_column(sa.String(255))         # "POST /servers": how it was asked for
    origin: Mapped[str | None] = mapped_column(sa.Text)               # the action that began it, likewise; None: none
    created_at: Mapped[datetime.datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime.datetime | None] = mapped_column(default=now)     # never falls
    finished_at: Mapped[datetime.datetime | None]                     # None: open
    __table_args__ = (sa.Index("ix_operations_finished_at_lease_until", "finished_at", "lease_until"),
                      sa.Index("ix_operations_resource_id_resource_type", "resource_id", "resource_type"))


class OperationSubject(Base):
    """A second resource that an operation claimed together with its own."""

    __tablename__ = "operation_subjects"
    operation_id: Mapped[str] = mapped_column(sa.ForeignKey("operations.id", ondelete="CASCADE"), primary_key=True)
    resource_type: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    resource_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    previous: Mapped[str] = mapped_column(sa.String(64))              # its state, to go back to
    __table_args__ = (sa.Index("ix_operation_subjects_resource_id_resource_type", "resource_id", "resource_type"),)


class Step(Base):
    """One step of one operation: where, when, how often, how it ended."""

    __tablename__ = "operation_steps"
    id: Mapped[int] = mapped_column(primary_key=True)
    operation_id: Mapped[str] = mapped_column(sa.ForeignKey("operations.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    ran: Mapped[str | None] = mapped_column(sa.Text)                  # the function that does it, as source_places says
    host: Mapped[str | None] = mapped_column(sa.String(255))
    attempt: Mapped[int]
    started_at: Mapped[datetime.datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime.datetime | None]
    outcome: Mapped[str | None] = mapped_column(sa.String(16))        # None while it runs, "Success" or "Error"
    detail: Mapped[str | None] = mapped_column(LongText)              # what went wrong, in words for users
    traceback: Mapped[str | None] = mapped_column(LongText)           # the same for administrators
    decision: Mapped[dict | None]                                     # of the scheduler, see objects/decision.py
