"""``shared`` of networks and their like, and ``router:external``: RBAC policies for every project stand behind them."""

from nova_lite.db.base import new_id
from nova_lite.db.network import sharing


def share_with_all(session, kind, row):
    """Let every project use a new resource (a dict).  :param kind: its Resource."""
    _for_everyone(session, kind, row, sharing.SHARED)


def make_external(session, kind, row):
    """Let every project take gateways and floating IPs from a network (a dict)."""
    _for_everyone(session, kind, row, sharing.EXTERNAL)


def _for_everyone(session, kind, row, action):
    sharing.try_policy(session, {"id": new_id(), "project_id": row["project_id"], "object_type": kind.resource,
                                 "object_id": row["id"], "action": action, "target_project": sharing.EVERYONE})


def share(session, kind, row, wanted):
    """Let every project use a locked resource, or no longer; returns whether that changed anything.

    :param wanted: None: it stays as it is.
    """
    if wanted is None or wanted == (sharing.EVERYONE in sharing.targets(session, row["id"])):
        return False
    if wanted:
        share_with_all(session, kind, row)
    else:
        kind.check_unshared(row, sharing.EVERYONE)
        sharing.remove_target(session, row["id"], sharing.EVERYONE)
    return True


def users_without(session, row, target, users, action=sharing.SHARED):
    """Which of ``users`` (ids of projects) may not use a resource any more once it is not shared with ``target``.

    :param action: what they use it for.
    """
    left = sharing.targets(session, row["id"], action) - {target}
    if sharing.EVERYONE in left:
        return set()
    lose = users if target == sharing.EVERYONE else users & {target}
    return lose - left - {row["project_id"]}
