"""Who has which role on which project, domain or the system; and what roles imply."""

from nova_lite import db
from nova_lite.db import identity as queries
from nova_lite.identity import errors
from nova_lite.identity.tokens import grant_key


class Grants:
    """``target`` is "project", "domain" or "system"; ``target_id`` its id, "all" for the system."""

    def __init__(self, revocations):
        self._revocations = revocations

    def check(self, target, target_id, user_id, role_id=None):
        """:raises Missing: one of the ids is of nothing."""
        with db.reader() as session:
            _all_there(session, target, target_id, user_id, role_id)

    def add(self, target, target_id, user_id, role_id):
        """Harmless when it is there already.

        :raises Missing: one of the ids is of nothing.
        """
        with db.writer() as session:
            _all_there(session, target, target_id, user_id, role_id)
            queries.add_grant(session, user_id=user_id, target=target, target_id=target_id, role_id=role_id)

    def get(self, target, target_id, user_id, role_id):
        """:raises MissingGrant: the user does not have the role there."""
        with db.reader() as session:
            _all_there(session, target, target_id, user_id, role_id)
            if not queries.grants(session, user_id=user_id, target=target, target_id=target_id, role_id=role_id):
                raise errors.MissingGrant(role_id=role_id, user_id=user_id, target_id=target_id)

    def remove(self, target, target_id, user_id, role_id):
        """The user's tokens there are void at once.

        :raises MissingGrant: the user does not have the role there.
        """
        with db.writer() as session:
            if not queries.remove_grant(session, user_id=user_id, target=target, target_id=target_id,
                                        role_id=role_id):
                raise errors.MissingGrant(role_id=role_id, user_id=user_id, target_id=target_id)
            voided = self._revocations.revoke(session, [grant_key(user_id, target, target_id)])
        self._revocations.applied(voided)

    def roles(self, target, target_id, user_id):
        """Rows of the roles given directly."""
        with db.reader() as session:
            ids = [each.role_id for each in queries.grants(session, user_id=user_id, target=target,
                                                           target_id=target_id)]
            return [row for _, row in sorted(queries.by_ids(session, "role", ids).items())]

    def list(self, equal):
        """Rows of Grant with these columns."""
        with db.reader() as session:
            return queries.grants(session, **equal)

    def names(self, rows):
        """{kind: {id: Row}} of everything that grants' ``rows`` refer to, domains of users and projects included."""
        with db.reader() as session:
            found = {"user": queries.by_ids(session, "user", [each.user_id for each in rows]),
                     "role": queries.by_ids(session, "role", [each.role_id for each in rows]),
                     "project": queries.by_ids(session, "project",
                                               [each.target_id for each in rows if each.target == "project"])}
            domains = {each.target_id for each in rows if each.target == "domain"}
            domains |= {each.domain_id for kind in ("user", "project") for each in found[kind].values()}
            found["domain"] = queries.by_ids(session, "domain", domains)
            return found


def roles_of(session, user_id, target, target_id):
    """Rows of all roles a user has somewhere, implied ones included, the strongest first."""
    given = [each.role_id for each in queries.grants(session, user_id=user_id, target=target, target_id=target_id)]
    if not given:
        return []
    ids = closure(given, queries.implications(session))
    rows = queries.by_ids(session, "role", ids)
    return [rows[each] for each in ids if each in rows]


def closure(given, implications):
    """Role ids with all they imply, in the order found."""
    found, waiting = [], list(given)
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting.extend(implications.get(each, ()))
    return found


def _all_there(session, target, target_id, user_id, role_id):
    wanted = [("user", user_id)]
    if target != "system":
        wanted.append((target, target_id))
    if role_id is not None:
        wanted.insert(0, ("role", role_id))
    for kind, id in wanted:
        if queries.get(session, kind, id) is None:
            raise errors.Missing(kind=kind, id=id)
