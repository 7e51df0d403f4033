"""What projects use of their quotas, kept as sums: what a transaction changes of a server is added in the same one.

Each change is a row of its own, so that nobody waits for anybody to write one; the sum of a project's rows is what it
uses.  Who takes quota under the project's lock puts the rows together where they have become many, and so does a purge
in the background.  A server's row says what of it is counted (``servers.counted``).
"""

import sqlalchemy as sa

from nova_lite.db.models.server_migrations import ServerMigration
from nova_lite.db.models.servers import QuotaUsage, Server
from nova_lite.objects.states import Task, Vm

#: Amounts of one server, in the order of ``Server.counted``: what is shown as used, and what a resize may need beyond.
AMOUNTS = ("instances", "cores", "ram", "more_cores", "more_ram")
NOTHING = [0, 0, 0, 0, 0]
#: While one of these is done to a server it may become as large as its other flavor.
RESIZING = frozenset({Task.RESIZE_PREP, Task.RESIZE_MIGRATING, Task.RESIZE_FINISH, Task.RESIZE_REVERTING})
#: Tasks while which a server counts for something else than without.
COUNTED_TASKS = RESIZING | {Task.RESTORING}
#: Columns of a server by which it counts for more or less: who writes one calls ``count``.
COUNTED_COLUMNS = frozenset({"vm_state", "task_state", "deleted_at", "flavor", "migration_id"})
_MANY = 50          # rows of a project before they are put together
_USAGE, _SERVERS, _MIGRATIONS = QuotaUsage.__table__, Server.__table__, ServerMigration.__table__
_COUNTED_SERVERS = sa.select(
    _SERVERS.c.id, _SERVERS.c.project_id, _SERVERS.c.user_id, _SERVERS.c.vm_state, _SERVERS.c.task_state,
    _SERVERS.c.deleted_at, _SERVERS.c.flavor, _SERVERS.c.counted, _MIGRATIONS.c.old_flavor, _MIGRATIONS.c.new_flavor,
).select_from(_SERVERS.outerjoin(_MIGRATIONS, _MIGRATIONS.c.id == _SERVERS.c.migration_id))
_READ = _COUNTED_SERVERS.where(_SERVERS.c.id == sa.bindparam("b_id"))
_COUNTED = sa.update(_SERVERS).where(_SERVERS.c.id == sa.bindparam("b_id"))
_NEW = sa.insert(_USAGE)
_ROWS = sa.select(_USAGE).where(_USAGE.c.project_id == sa.bindparam("b_project")).order_by(_USAGE.c.id)


def amounts(row):
    """What a server counts for, in the order of AMOUNTS.

    :param row: with vm_state, task_state, deleted_at, flavor, and old_flavor and new_flavor of its open migration.
    """
    hidden = row.vm_state == Vm.SOFT_DELETED and row.task_state != Task.RESTORING
    if row.deleted_at is not None or hidden:
        return NOTHING
    cores, ram = _size(row.flavor)
    sizes = [(cores, ram)]
    if row.task_state in RESIZING:
        sizes += [_size(each) for each in (row.old_flavor, row.new_flavor) if each]
    return [1, cores, ram, max(size[0] for size in sizes) - cores, max(size[1] for size in sizes) - ram]


def _size(flavor):
    """(cores, MiB of memory); a record that makes no sense, which the auditor names, counts nothing."""
    try:
        return int(flavor["vcpus"]), int(flavor["memory_mb"])
    except (KeyError, TypeError, ValueError):
        return 0, 0


def of_new(flavor):
    """``Server.counted`` of a server that is being created with a flavor."""
    return [1, *_size(flavor), 0, 0]


def count(session, server_id):
    """Count a server as it is now; this transaction has written or locked its row."""
    row = session.execute(_READ, {"b_id": server_id}).one_or_none()
    if row is None:
        return
    present, before = amounts(row), row.counted or NOTHING
    if present != before:
        session.execute(_COUNTED, {"b_id": server_id, "counted": present})
        add(session, row.project_id, row.user_id, [new - old for new, old in zip(present, before, strict=True)])


def claimed(session, server_id, operation, vm_state):
    """A server was claimed for an operation (its row of the table) that may change what it counts for."""
    if operation.interrupts or operation.task in COUNTED_TASKS or vm_state == Vm.SOFT_DELETED:
        count(session, server_id)


def freed(session, server_id, operation, vm_states, columns):
    """An operation on a server has ended.

    :param operation: its row of the table; None: nobody knows what it was.
    :param vm_states: those before and after.  :param columns: names of what was written besides.
    """
    if operation is None or "flavor" in columns or operation.task in COUNTED_TASKS or Vm.SOFT_DELETED in vm_states:
        count(session, server_id)


def add(session, project_id, user_id, change):
    """:param change: amounts in the order of AMOUNTS."""
    session.execute(_NEW, {"project_id": project_id, "user_id": user_id, **dict(zip(AMOUNTS, change, strict=True))})


def sums(session, project_id, user_id=None):
    """{amount: what a project, or one user there, uses}"""
    conditions = [_USAGE.c.project_id == project_id]
    if user_id is not None:
        conditions.append(_USAGE.c.user_id == user_id)
    row = session.execute(sa.select(*(sa.func.sum(_USAGE.c[name]) for name in AMOUNTS)).where(*conditions)).one()
    return {name: int(value or 0) for name, value in zip(AMOUNTS, row, strict=True)}


def put_together(session, project_id):
    """Replace the rows of a project by one a user, where they are many.  The caller holds the project's lock."""
    rows = session.execute(_ROWS, {"b_project": project_id}).all()
    if len(rows) <= _MANY:
        return
    totals = {}
    for row in rows:
        total = totals.setdefault(row.user_id, dict.fromkeys(AMOUNTS, 0))
        for name in AMOUNTS:
            total[name] += getattr(row, name)
    for start in range(0, len(rows), 500):
        session.execute(sa.delete(_USAGE).where(_USAGE.c.id.in_([row.id for row in rows[start:start + 500]])))
    for user_id, total in totals.items():
        add(session, project_id, user_id, total.values())


def crowded(session, limit):
    """Ids of ``limit`` projects whose rows are many."""
    return list(session.execute(sa.select(_USAGE.c.project_id).group_by(_USAGE.c.project_id)
                                .having(sa.func.count() > _MANY).limit(limit)).scalars())


# ---- for the auditor

def miscounted_servers(session, project_id):
    """Ids of a project's servers that are counted for something else than they are."""
    rows = session.execute(_COUNTED_SERVERS.where(_SERVERS.c.project_id == project_id))
    return [row.id for row in rows if (row.counted or NOTHING) != amounts(row)]


def lacking(session, project_id):
    """{user id: amounts that the sums lack of what the servers' rows say is counted}; users without are missing.

    All is read at one moment: ``session`` is a snapshot.
    """
    found = {}
    counted = sa.select(_SERVERS.c.user_id, _SERVERS.c.counted).where(_SERVERS.c.project_id == project_id)
    for row in session.execute(counted):
        if row.counted:
            _grow(found, row.user_id, row.counted, 1)
    for row in session.execute(_ROWS, {"b_project": project_id}):
        _grow(found, row.user_id, [getattr(row, name) for name in AMOUNTS], -1)
    return {user_id: change for user_id, change in found.items() if any(change)}


def _grow(found, user_id, values, sign):
    total = found.setdefault(user_id, [*NOTHING])
    for index, value in enumerate(values):
        total[index] += sign * value
