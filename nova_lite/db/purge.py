"""What is over and old enough is deleted for good, a few rows a transaction, so that nobody waits for a purge.

A deleted server goes with its operations, their steps and changes of other services, and its migrations.  Of a server
that lives, operations and migrations go by their own age; how it came to be built stays, for by that a host that was
lost knows which of its guests are strays.
Records of deleted images stay: nobody may ever upload another image under an id that servers were made from.
"""

import datetime

import sqlalchemy as sa

from nova_lite.db import desired_state, idempotency, locks, quota_usage, quotas
from nova_lite.db.base import now
from nova_lite.db.models.consoles import ConsoleToken
from nova_lite.db.models.operations import Operation, OperationSubject, Step
from nova_lite.db.models.operators import ExternalEvent
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import Interface, Server
from nova_lite.db.models.service_changes import ServiceChange
from nova_lite.objects.service_change import ChangeState
from nova_lite.objects.states import SERVER

_SERVERS, _OPERATIONS, _STEPS, _EVENTS, _TOKENS, _INTERFACES = (each.__table__ for each in (Server, Operation, Step,
                                                                                            ExternalEvent,
                                                                                            ConsoleToken, Interface))
_MIGRATIONS, _CHANGES = ServerMigration.__table__, ServiceChange.__table__
_SUBJECTS = OperationSubject.__table__
_FEW = 100          # rows of one transaction, besides what belongs to them
_EVENTS_KEPT = datetime.timedelta(days=1)
_CHANGES_KEPT = datetime.timedelta(days=1)
#: What was done is undone by its row when the server goes.
_SETTLED = _CHANGES.c.next_try_at.is_(None), _CHANGES.c.state != ChangeState.DONE
_WITHOUT_OPERATION = ~sa.exists().where(_OPERATIONS.c.id == _CHANGES.c.operation_id)


def _before(days):
    return now() - datetime.timedelta(days=days)


def count_servers(session, days):
    """How many deleted servers are older than so many days."""
    return session.scalar(sa.select(sa.func.count()).select_from(_SERVERS).where(_SERVERS.c.deleted_at < _before(days)))


def count_operations(session, days):
    """How many operations of servers that live are older than so many days, and may go."""
    return session.scalar(sa.select(sa.func.count()).select_from(_OPERATIONS).where(*_old_operations(days)))


def servers(session, days):
    """Delete at most 100 servers that were deleted so many days ago, with all that is kept of them; return how many."""
    ids = session.execute(sa.select(_SERVERS.c.id).where(_SERVERS.c.deleted_at < _before(days))
                          .order_by(_SERVERS.c.deleted_at, _SERVERS.c.id).limit(_FEW)).scalars().all()
    if not ids:
        return 0
    locks.servers(session, ids)
    of_these = sa.select(_OPERATIONS.c.id).where(_OPERATIONS.c.resource_id.in_(ids),
                                                    _OPERATIONS.c.resource_type == SERVER)
    _delete_operations(session, session.execute(of_these).scalars().all())
    for table in (_MIGRATIONS, _EVENTS, _TOKENS, _INTERFACES):
        session.execute(sa.delete(table).where(table.c.server_id.in_(ids)))
    return session.execute(sa.delete(_SERVERS).where(_SERVERS.c.id.in_(ids),
                                                     _SERVERS.c.deleted_at.is_not(None))).rowcount


def operations(session, days):
    """Delete at most 100 operations that ended so many days ago, with their steps; return how many."""
    ids = session.execute(sa.select(_OPERATIONS.c.id).where(*_old_operations(days)).order_by(_OPERATIONS.c.finished_at)
                          .limit(_FEW)).scalars().all()
    _delete_operations(session, ids)
    return len(ids)


def _old_operations(days):
    return _OPERATIONS.c.finished_at < _before(days), _OPERATIONS.c.name != "build_server"


def _delete_operations(session, ids):
    for some in locks.chunks(locks.operations(session, ids)):
        session.execute(sa.delete(_SUBJECTS).where(_SUBJECTS.c.operation_id.in_(some)))
        session.execute(sa.delete(_STEPS).where(_STEPS.c.operation_id.in_(some)))
        session.execute(sa.delete(_CHANGES).where(_CHANGES.c.operation_id.in_(some), *_SETTLED))
        session.execute(sa.delete(_OPERATIONS).where(_OPERATIONS.c.id.in_(some)))


def migrations(session, days):
    """Delete at most 100 migrations that nothing has changed for so many days; return how many."""
    changed = sa.func.coalesce(_MIGRATIONS.c.updated_at, _MIGRATIONS.c.created_at)
    is_open = sa.exists().where(_SERVERS.c.id == _MIGRATIONS.c.server_id, _SERVERS.c.migration_id == _MIGRATIONS.c.id,
                                _SERVERS.c.deleted_at.is_(None))
    ids = session.execute(sa.select(_MIGRATIONS.c.id).where(changed < _before(days), ~is_open)
                          .order_by(_MIGRATIONS.c.id).limit(_FEW)).scalars().all()
    session.execute(sa.delete(_MIGRATIONS).where(_MIGRATIONS.c.id.in_(ids)))
    return len(ids)


def expired(session):
    """Delete at most 100 each of console tokens, outside events, idempotency keys, tombstones of desired state and
    consumers of it whose time is over, and of settled changes of operations that never began or are deleted.
    """
    deleted = 0
    for table, over in ((_TOKENS, _TOKENS.c.expires_at < now()),
                        (_EVENTS, _EVENTS.c.received_at < now() - _EVENTS_KEPT),
                        (_CHANGES, sa.and_(_CHANGES.c.created_at < now() - _CHANGES_KEPT, *_SETTLED,
                                           _WITHOUT_OPERATION))):
        key = next(iter(table.primary_key))
        keys = session.execute(sa.select(key).where(over).order_by(key).limit(_FEW)).scalars().all()
        deleted += session.execute(sa.delete(table).where(key.in_(keys))).rowcount if keys else 0
    deleted += desired_state.purge(session, _FEW) + desired_state.forget_unknown(session, _FEW)
    return deleted + idempotency.purge(session, _FEW)


def sums(session):
    """Put the rows by which the quota of one project is counted together, where they are many; return how many did."""
    crowded = quota_usage.crowded(session, 1)
    for project_id in crowded:
        quotas.lock(session, project_id)
        quota_usage.put_together(session, project_id)
    return len(crowded)
