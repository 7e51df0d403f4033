"""Quotas: what a project may use, what it uses, and room for more, counted under a lock."""

import sqlalchemy as sa

from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.db.models.servers import Quota, QuotaLock, Server
from nova_lite.objects.states import Vm

#: Resources with limits of their own, and what each counts of one server.
COUNTED = {"cores": "vcpus", "instances": None, "ram": "memory_mb"}
_LIMITED = ("instances", "cores", "ram", "metadata_items", "key_pairs", "server_groups", "server_group_members")
#: What Nova shows and this cloud has no limit of: the network service counts its own, files cannot be injected.
_FIXED = {"floating_ips": -1, "fixed_ips": -1, "security_groups": -1, "security_group_rules": -1, "injected_files": 0,
          "injected_file_content_bytes": 0, "injected_file_path_bytes": 0}
_T = Server.__table__


def defaults():
    """{resource: limit} of a project without quotas of its own."""
    return {**_FIXED, **{name: getattr(CONF.quota, name) for name in _LIMITED}}


def limits(session, project_id):
    """{resource: limit} of a project; -1 means none."""
    rows = session.execute(sa.select(Quota.resource, Quota.limit).where(Quota.project_id == project_id))
    return {**defaults(), **{row.resource: row.limit for row in rows}}


def usage(session, project_id):
    """{"instances", "cores", "ram"} of a project's servers."""
    flavor = _T.c.flavor
    row = session.execute(
        sa.select(sa.func.count(), sa.func.sum(flavor["vcpus"].as_integer()),
                  sa.func.sum(flavor["memory_mb"].as_integer()))
        .where(_T.c.project_id == project_id, _T.c.deleted_at.is_(None), _T.c.vm_state != Vm.SOFT_DELETED)).one()
    return {"instances": row[0], "cores": int(row[1] or 0), "ram": int(row[2] or 0)}


def reserve(session, project_id, min_count, max_count, flavor):
    """How many servers of a flavor fit, from ``min_count`` to ``max_count``; until this transaction ends nobody else
    can take the room.

    :param flavor: a mapping with vcpus and memory_mb.
    :raises OverQuota: not even ``min_count`` fit; it names everything there is too little of.
    """
    maxima = limits(session, project_id)
    if all(maxima[name] < 0 for name in COUNTED):
        return max_count
    _lock(session, project_id)
    each = {name: flavor[key] if key else 1 for name, key in COUNTED.items()}
    used = usage(session, project_id)
    room = min(((maxima[name] - used[name]) // each[name] for name in COUNTED if maxima[name] >= 0 and each[name]),
               default=max_count)
    if room < min_count:
        _refuse(maxima, used, {name: each[name] * min_count for name in COUNTED})
    return min(room, max_count)


def _refuse(maxima, used, wanted):
    over = [name for name in sorted(COUNTED) if 0 <= maxima[name] < used[name] + wanted[name]]

    def said(values):
        return ", ".join(str(values[name]) for name in over)

    raise exception.OverQuota(resource=", ".join(over), requested=said(wanted), used=said(used), limit=said(maxima))


def _lock(session, project_id):
    """Take the project's row; two who count at the same time would both see the last free place."""
    taking = (sa.update(QuotaLock).where(QuotaLock.project_id == project_id)
              .values(taken=QuotaLock.taken + 1))
    options = {"synchronize_session": False}
    if session.execute(taking, execution_options=options).rowcount:
        return
    try:
        with session.begin_nested():
            session.execute(sa.insert(QuotaLock).values(project_id=project_id, taken=1))
    except sa.exc.IntegrityError:
        session.execute(taking, execution_options=options)      # made by another just now: wait for its end


def write(session, project_id, values):
    """Set limits; ``values`` is {resource: limit}."""
    for resource, limit in values.items():
        changed = session.execute(
            sa.update(Quota).where(Quota.project_id == project_id, Quota.resource == resource).values(limit=limit),
            execution_options={"synchronize_session": False}).rowcount
        if not changed:
            session.execute(sa.insert(Quota).values(project_id=project_id, resource=resource, limit=limit))


def forget(session, project_id):
    """Back to the defaults."""
    session.execute(sa.delete(Quota).where(Quota.project_id == project_id),
                    execution_options={"synchronize_session": False})
