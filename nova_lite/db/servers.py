"""Servers: reading one or a page of them in one statement, and the small writes that need no host."""

import collections
import functools

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.common.visibility import ALL
from nova_lite.db import damaged as damaged_rows
from nova_lite.db import patterns, quota_usage, server_filters
from nova_lite.db.base import now
from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import ComputeNode, Server, Service
from nova_lite.objects import damaged_server
from nova_lite.objects.states import Vm

_SERVERS, _MIGRATIONS = Server.__table__, ServerMigration.__table__
_BRIEF = (_SERVERS.c.id, _SERVERS.c.display_name)
#: What placing and building need and no list shows; user_data may be 64 KiB a row.
_UNSEEN = frozenset({"requested_networks", "requested_groups", "public_key", "key_type", "user_data",
                     "injected_files", "local_disks", "guest_password", "migration_id", "rescue_image_id",
                     "soft_deleted_at", "shelved_image_id", "shelved_at", "base_image_ids"})
_DETAIL = tuple(column for column in _SERVERS.c if column.name not in _UNSEEN)
#: What lists are ordered by, and what can be read of a damaged row as well.
_SORTABLE = tuple(column for column in _SERVERS.c if not isinstance(column.type, sa.JSON))
#: Tables, not classes: a class in a statement sends its rows through the ORM, at twice the cost.
_SERVICES, _NODES = Service.__table__, ComputeNode.__table__
_HOST = (_SERVICES.c.disabled.label("host_disabled"), _SERVICES.c.forced_down.label("host_forced_down"),
         _SERVICES.c.last_seen_at.label("host_seen_at"), _NODES.c.hypervisor_hostname)
#: The zone a server is in by its host; None: the default one.
_ZONE = _NODES.c.availability_zone.label("host_zone")
_BESIDE = (_SERVERS.outerjoin(_SERVICES, sa.and_(_SERVICES.c.host == _SERVERS.c.host,
                                                 _SERVICES.c.binary == "nova-compute"))
           .outerjoin(_NODES, _NODES.c.host == _SERVERS.c.host))

_ONE = sa.select(_SERVERS).where(_SERVERS.c.id == sa.bindparam("server_id"))
_ONE_SHOWN = sa.select(_SERVERS, *_HOST, _ZONE).select_from(_BESIDE).where(_SERVERS.c.id == sa.bindparam("server_id"))
#: Every variant of reading one server is built once: (with its host, only of one project, also deleted).
_READ = {(host, own, deleted): statement for host, base in ((False, _ONE), (True, _ONE_SHOWN))
         for own, mine in ((False, base), (True, base.where(_SERVERS.c.project_id == sa.bindparam("owner"))))
         for deleted, statement in ((True, mine), (False, mine.where(_SERVERS.c.deleted_at.is_(None))))}

#: Where metadata and tags may change.
SETTLED = (Vm.ACTIVE, Vm.STOPPED, Vm.PAUSED, Vm.SUSPENDED)


def get(session, server_id, *, project_id=ALL, host=False, deleted=False, damaged=False):
    """One server's row, as a named tuple.

    :param project_id: only if it belongs to this project; ALL: whoever owns it.
    :param host: with host_disabled, host_forced_down, host_seen_at, hypervisor_hostname and host_zone beside its
        columns.
    :param deleted: also one that is deleted and not yet purged.
    :param damaged: also one whose record is damaged, as objects.damaged_server mends it.
    :raises ServerNotFound:  :raises ServerDamaged:
    """
    statement = _READ[host, project_id is not ALL, deleted]
    try:
        rows = _light(session.execute(statement, {"server_id": server_id, "owner": project_id}))
    except ValueError:
        rows = damaged_rows.read(session, statement.params(server_id=server_id, owner=project_id), _marked)
    if not rows:
        raise exceptions.ServerNotFound(server_id=server_id)
    row = rows[0]
    names = damaged_server.damaged(row)
    if not names:
        return row
    if not damaged:
        raise exceptions.ServerDamaged(server_id=server_id, columns=", ".join(sorted(names)))
    return damaged_server.mended(row, names)


def _marked(row, names):
    """What holds no JSON makes no sense either.  (``fault`` may be None.)"""
    return row._replace(**dict.fromkeys(names, _DAMAGED))


#: What no column of JSON holds that makes sense.
_DAMAGED = ""


def _light(result):
    """Rows as named tuples: their attributes are read ten times as fast, and views read thirty of each."""
    made = _tuple_of(tuple(result.keys()))._make
    return [made(row) for row in result]


@functools.cache
def _tuple_of(names):
    return collections.namedtuple("ServerRow", names)


def find(session, filters, sort, *, limit, marker=None, columns="detail"):
    """A page of rows, as named tuples.

    :param filters: see ``server_filters.conditions``.  :param sort: [(sort key, "asc" or "desc")].
    :param columns: "brief" (id and name), "detail" (with ``host_zone``), or "host" (with user_data and what
        ``get(host=True)`` adds).
    :raises MarkerNotFound: ``marker`` is no server of that list's owner.
    :raises BadRequest: a regular expression among the filters is refused, or matching takes too long.
    """
    conditions = server_filters.conditions(filters)
    if limit == 0 or conditions is None:
        return []
    if columns == "brief":
        statement = sa.select(*_BRIEF)
    elif columns == "detail":
        statement = sa.select(*_DETAIL, _ZONE).select_from(_SERVERS.outerjoin(_NODES, _NODES.c.host == _SERVERS.c.host))
    else:
        statement = sa.select(*_DETAIL, _SERVERS.c.user_data, *_HOST, _ZONE).select_from(_BESIDE)
    order = server_filters.order(sort)
    if marker is not None:
        conditions.append(server_filters.after(order, _marker(session, marker, filters)))
    statement = statement.order_by(*(_directed(*each) for each in order))
    return patterns.page(session, statement, _SERVERS.c.id, conditions, limit, _read_page)


def _read_page(session, statement):
    return damaged_rows.read(session, statement, damaged_server.mended, _light)


def _directed(expression, direction):
    return expression.desc() if direction == "desc" else expression.asc()


def _marker(session, marker, filters):
    conditions = [_SERVERS.c.id == marker]
    if filters.get("project_id") is not None:
        conditions.append(_SERVERS.c.project_id == filters["project_id"])
    row = session.execute(sa.select(*_SORTABLE).where(*conditions)).one_or_none()
    if row is None:
        raise exceptions.MarkerNotFound(marker=marker)
    return row


def update(session, server_id, **values):
    """Write columns of a server.  :raises ServerNotFound: it is deleted by now."""
    changed = session.execute(_SERVERS.update().where(_SERVERS.c.id == server_id, _SERVERS.c.deleted_at.is_(None))
                              .values(updated_at=now(), **values)).rowcount
    if not changed:
        raise exceptions.ServerNotFound(server_id=server_id)
    if not quota_usage.COUNTED_COLUMNS.isdisjoint(values):
        quota_usage.count(session, server_id)


def mend(session, row):
    """Write what stands for the damaged columns of a row, which ``get`` read, so that the server can be deleted."""
    names = damaged_server.of(row)
    if names:
        session.execute(_SERVERS.update().where(_SERVERS.c.id == row.id).values(damaged_server.stand_ins(names)))


def guest_password(session, server_id):
    """As its guest left it; None: it did not, or is deleted."""
    return session.execute(sa.select(_SERVERS.c.guest_password).where(
        _SERVERS.c.id == server_id, _SERVERS.c.deleted_at.is_(None))).scalar_one_or_none()


def leave_password(session, server_id, text):
    """Keep what a guest made where nothing is kept yet; whether it was."""
    return bool(session.execute(_SERVERS.update().where(
        _SERVERS.c.id == server_id, _SERVERS.c.deleted_at.is_(None),
        sa.or_(_SERVERS.c.guest_password.is_(None),
               _SERVERS.c.guest_password == "")).values(guest_password=text)).rowcount)


def resized(session, before):
    """Rows of the servers that were resized before a moment and wait to be confirmed or reverted."""
    since = sa.select(_MIGRATIONS.c.moved_at).where(_MIGRATIONS.c.id == _SERVERS.c.migration_id).scalar_subquery()
    return _resting(session, Vm.RESIZED, since, before)


def shelved(session, before):
    """Rows of the servers that were shelved before a moment and are still on their host."""
    return _resting(session, Vm.SHELVED, _SERVERS.c.shelved_at, before)


def soft_deleted(session, before):
    """Rows of the servers that were soft deleted before a moment and rest."""
    return _resting(session, Vm.SOFT_DELETED, _SERVERS.c.soft_deleted_at, before)


def _resting(session, vm_state, since, before):
    """:param since: the column that says since when; a server of which it says nothing counts as old enough."""
    return session.execute(sa.select(_SERVERS).where(
        _SERVERS.c.vm_state == vm_state, _SERVERS.c.task_state.is_(None), _SERVERS.c.deleted_at.is_(None),
        sa.or_(since.is_(None), since <= before))).all()


def hold(session, context, server_id, operation, *, idle=False, lockable=False):
    """Lock a server's row for a change of what it is called by, and return it.

    :param operation: how the change is called in refusals.  :param idle: no task may run.
    :param lockable: a locked server refuses its members.
    :raises InvalidState, ServerLocked, ServerNotFound:
    """
    row = session.execute(sa.select(_SERVERS).where(_SERVERS.c.id == server_id, _SERVERS.c.deleted_at.is_(None))
                          .with_for_update()).one_or_none()
    if row is None:
        raise exceptions.ServerNotFound(server_id=server_id)
    if lockable and row.locked_by and not context.is_admin:
        raise exceptions.ServerLocked(server_id=server_id)
    if row.vm_state not in SETTLED:
        raise exceptions.InvalidState(operation=operation, server_id=server_id, attribute="vm_state",
                                     state=row.vm_state)
    if idle and row.task_state is not None:
        raise exceptions.InvalidState(operation=operation, server_id=server_id, attribute="task_state",
                                     state=row.task_state)
    return row


