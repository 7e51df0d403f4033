"""Quotas: what a project and its users may use, what they use, and what remains, which is taken under a lock."""

import sqlalchemy as sa

from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.db import quota_usage
from nova_lite.db.models.operators import QuotaClass, ServerGroup, UserQuota
from nova_lite.db.models.servers import Quota, QuotaLock
from nova_lite.db.rows import ensure_row

#: Resources with limits of their own, and what each counts of one server.
COUNTED = {"cores": "vcpus", "instances": None, "ram": "memory_mb"}
_LIMITED = ("instances", "cores", "ram", "metadata_items", "key_pairs", "server_groups", "server_group_members")
#: Limits of one request, and their options.
_FILES = {"injected_files": "injected_files", "injected_file_content_bytes": "injected_file_content_bytes",
          "injected_file_path_bytes": "injected_file_path_length"}
#: What Nova shows and this cloud has no limit of: the network service counts its own.
_FIXED = {"floating_ips": -1, "fixed_ips": -1, "security_groups": -1, "security_group_rules": -1}
#: The class whose limits stand in for the configured ones.
DEFAULT_CLASS = "default"
_GROUPS = ServerGroup.__table__
_QUIET = {"synchronize_session": False}


def configured():
    """{resource: limit} where nobody set any."""
    options = {**_FILES, **dict(zip(_LIMITED, _LIMITED, strict=True))}
    return {**_FIXED, **{name: getattr(CONF.quota, option) for name, option in options.items()}}


def defaults(session):
    """{resource: limit} of a project without quotas of its own."""
    return of_class(session, DEFAULT_CLASS)


def of_class(session, name):
    """{resource: limit} of a quota class; what it does not say is as configured."""
    rows = session.execute(sa.select(QuotaClass.resource, QuotaClass.limit).where(QuotaClass.name == name))
    return {**configured(), **{row.resource: row.limit for row in rows}}


def limits(session, project_id, user_id=None):
    """{resource: limit} of a project, or of one of its users; -1 means none.  The nearer one wins."""
    layers = [(0, QuotaClass, QuotaClass.name == DEFAULT_CLASS), (1, Quota, Quota.project_id == project_id)]
    if user_id is not None:
        layers.append((2, UserQuota, sa.and_(UserQuota.project_id == project_id, UserQuota.user_id == user_id)))
    rows = session.execute(sa.union_all(*(
        sa.select(sa.literal(near).label("near"), model.resource, model.limit).where(condition)
        for near, model, condition in layers))).all()
    return {**configured(), **{row.resource: row.limit for row in sorted(rows, key=lambda row: row.near)}}


def user_limits(session, project_id, user_id):
    """{resource: limit} that were set for this user alone."""
    rows = session.execute(sa.select(UserQuota.resource, UserQuota.limit).where(
        UserQuota.project_id == project_id, UserQuota.user_id == user_id))
    return {row.resource: row.limit for row in rows}


def given_to_users(session, project_id):
    """{resource: what the users' own limits add up to} of a project; those without limit count nothing."""
    rows = session.execute(
        sa.select(UserQuota.resource, sa.func.sum(UserQuota.limit).label("given"))
        .where(UserQuota.project_id == project_id, UserQuota.limit >= 0).group_by(UserQuota.resource))
    return {row.resource: int(row.given) for row in rows}


def usage(session, project_id, user_id=None):
    """{"instances", "cores", "ram"} of the servers of a project, or of one user there."""
    found = quota_usage.sums(session, project_id, user_id)
    return {name: found[name] for name in COUNTED}


def _taken(session, project_id, user_id=None):
    """As ``usage``, but what is being resized counts as large as it may become."""
    found = quota_usage.sums(session, project_id, user_id)
    return {name: found[name] + found.get(f"more_{name}", 0) for name in COUNTED}


def in_use(session, project_id, user_id=None):
    """As ``usage``, with "server_groups"."""
    return usage(session, project_id, user_id) | {"server_groups": groups(session, project_id, user_id)}


def groups(session, project_id, user_id=None):
    """How many server groups a project, or one user there, has."""
    statement = sa.select(sa.func.count()).select_from(_GROUPS).where(_GROUPS.c.project_id == project_id)
    if user_id is not None:
        statement = statement.where(_GROUPS.c.user_id == user_id)
    return session.execute(statement).scalar()


def reserve(session, project_id, min_count, max_count, flavor, user_id=None):
    """How many servers of a flavor fit, from ``min_count`` to ``max_count``; until this transaction ends nobody else
    can take what remains.

    :param flavor: a mapping with vcpus and memory_mb.  :param user_id: whose own limits count too.
    :raises OverQuota: not even ``min_count`` fit; it names everything there is too little of.
    """
    own = _own(session, project_id, user_id)
    maxima = limits(session, project_id)
    if not own and all(maxima[name] < 0 for name in COUNTED):
        return max_count
    lock(session, project_id)
    quota_usage.put_together(session, project_id)
    each = {name: flavor[key] if key else 1 for name, key in COUNTED.items()}
    remaining = _remaining(maxima, _taken(session, project_id), each, min_count, max_count)
    if own:
        remaining = min(remaining, _remaining(own, _taken(session, project_id, user_id), each, min_count, max_count))
    return remaining


def _own(session, project_id, user_id):
    """{resource: limit, -1 for none} of what is counted and was set for this user alone; {} where nothing was."""
    own = user_limits(session, project_id, user_id) if user_id is not None else {}
    own = {name: limit for name, limit in own.items() if name in COUNTED and limit >= 0}
    return own and dict.fromkeys(COUNTED, -1) | own


def _remaining(maxima, used, each, min_count, max_count):
    remaining = min(((maxima[name] - used[name]) // each[name]
                     for name in COUNTED if maxima[name] >= 0 and each[name]),
                    default=max_count)
    if remaining < min_count:
        _refuse(maxima, used, {name: each[name] * min_count for name in COUNTED})
    return min(remaining, max_count)


def grow(session, project_id, old, new, user_id=None):
    """See that a server may go from flavor ``old`` to ``new`` (mappings); held until this transaction ends, and from
    then on by the server's task_state.

    :param user_id: as of ``reserve``.
    :raises OverQuota:
    """
    more = {name: max(0, new[key] - old[key]) if key else 0 for name, key in COUNTED.items()}
    own = _own(session, project_id, user_id)
    maxima = limits(session, project_id)
    if not own and all(maxima[name] < 0 for name, amount in more.items() if amount):
        return
    lock(session, project_id)
    _check(maxima, _taken(session, project_id), more)
    if own:
        _check(own, _taken(session, project_id, user_id), more)


def _check(maxima, used, more):
    if any(amount and 0 <= maxima[name] < used[name] + amount for name, amount in more.items()):
        _refuse({name: maxima[name] if more.get(name) else -1 for name in maxima}, used, more)


def _refuse(maxima, used, wanted):
    over = [name for name in sorted(COUNTED) if 0 <= maxima[name] < used[name] + wanted[name]]

    def said(values):
        return ", ".join(str(values[name]) for name in over)

    raise exceptions.OverQuota(resource=", ".join(over), requested=said(wanted), used=said(used), limit=said(maxima))


def lock(session, project_id):
    """Take the project's row; two who count at the same time would both see the last free place.

    Limits are written under it too: two who wrote one for the first time would both insert it, and two who wrote
    several in different orders would wait for each other.
    """
    if not _take(session, project_id):
        ensure_row(session, QuotaLock.__table__, {"project_id": project_id, "taken": 0})
        _take(session, project_id)


def _take(session, project_id):
    """Whether the project has a row, which is then locked."""
    taking = (sa.update(QuotaLock).where(QuotaLock.project_id == project_id)
              .values(taken=QuotaLock.taken + 1))
    return bool(session.execute(taking, execution_options=_QUIET).rowcount)


def write(session, project_id, values, user_id=None):
    """Set limits of a project, or of one user there; ``values`` is {resource: limit}."""
    lock(session, project_id)
    if user_id is None:
        _write(session, Quota, {"project_id": project_id}, values)
    else:
        _write(session, UserQuota, {"project_id": project_id, "user_id": user_id}, values)


def write_class(session, name, values):
    lock(session, f"class {name}"[:64])
    _write(session, QuotaClass, {"name": name}, values)


def _write(session, model, key, values):
    owned = [getattr(model, name) == value for name, value in key.items()]
    for resource, limit in values.items():
        changed = session.execute(sa.update(model).where(*owned, model.resource == resource).values(limit=limit),
                                  execution_options=_QUIET).rowcount
        if not changed:
            session.execute(sa.insert(model).values(**key, resource=resource, limit=limit))


def forget(session, project_id, user_id=None):
    """Back to the defaults: a project with all its users, or one user."""
    if not _take(session, project_id):
        return                          # no limit of it was ever written; it may be no project at all
    mine = [UserQuota.project_id == project_id]
    if user_id is None:
        session.execute(sa.delete(Quota).where(Quota.project_id == project_id), execution_options=_QUIET)
    else:
        mine.append(UserQuota.user_id == user_id)
    session.execute(sa.delete(UserQuota).where(*mine), execution_options=_QUIET)
