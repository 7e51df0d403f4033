"""The roles that a user has on a target: by its own grants and its groups', on the target or inherited, and implied."""

from nova_lite.db import identity, identity_grants


def held(session, user_id, target, group_ids=()):
    """Rows of all roles that a user has on a target, implied ones after those that imply them.

    :param target: ("project", "domain" or "system", id); the id of the system is "all".
    :param group_ids: groups to which the user belongs besides those that list it as a member.
    """
    given = identity_grants.role_ids(session, user_id, target, group_ids)
    if not given:
        return []
    ids = closure(given, identity_grants.implications(session))
    rows = identity.by_ids(session, "role", ids)
    return [rows[each] for each in ids if each in rows]


def closure(given, implications):
    """Role ids with all that they imply, directly or not, in the order found.

    :param implications: {role id: [ids of the roles it implies directly]}.
    """
    found, waiting = [], list(given)
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting.extend(implications.get(each, ()))
    return found
