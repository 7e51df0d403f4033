"""Grants of roles to users and groups on projects, domains and the system."""

from nova_lite import db
from nova_lite.db import identity as queries
from nova_lite.db import identity_grants
from nova_lite.identity import exceptions, token_keys


class Grants:
    """An actor is ("user" or "group", id); a target is ("project", "domain" or "system", id), "all" for the system.

    ``inherited``: the role is held on the projects below the target, and not on the target itself.
    """

    def __init__(self, revocations):
        self._revocations = revocations

    def check(self, actor, target, role_id=None):
        """:raises Missing: one of the ids is of nothing."""
        with db.reader() as session:
            _all_there(session, actor, target, role_id)

    def add(self, actor, target, role_id, inherited=False):
        """Give a role; tokens that are out have it with the next request.  Harmless where it is given already.

        :raises Missing: one of the ids is of nothing.
        """
        with self._revocations.change() as change:
            _all_there(change.session, actor, target, role_id)
            identity_grants.add(change.session, actor, target, role_id, inherited)
            change.refresh.add(token_keys.of_grant(actor, target, inherited))

    def get(self, actor, target, role_id):
        """The Row of a grant.  :raises MissingGrant: the actor was not given the role there."""
        with db.reader() as session:
            _all_there(session, actor, target, role_id)
            found = identity_grants.of(session, actor, target, role_id=role_id, inherited=False)
        if not found:
            raise _missing(actor, target, role_id)
        return found[0]

    def remove(self, actor, target, role_id, inherited=False):
        """Take a role away; tokens that are out lose it with the next request, and open nothing if it was the last.

        :raises MissingGrant: the actor was not given the role there.
        """
        with self._revocations.change() as change:
            if not identity_grants.remove(change.session, actor, target, role_id, inherited):
                raise _missing(actor, target, role_id)
            change.refresh.add(token_keys.of_grant(actor, target, inherited))

    def roles(self, actor, target):
        """Rows of the roles given directly."""
        with db.reader() as session:
            ids = [each.role_id for each in identity_grants.of(session, actor, target, inherited=False)]
            return [row for _, row in sorted(queries.by_ids(session, "role", ids).items())]

    def list(self, equal, domain_id=None):
        """Rows of Grant with these values of columns.

        :param domain_id: of those on this domain and on its projects; None: of all.
        """
        with db.reader() as session:
            return identity_grants.list_(session, domain_id, **equal)

    def names(self, rows):
        """{kind: {id: Row}} of all users, groups, projects, roles and domains that rows of Grant refer to."""
        with db.reader() as session:
            found = {"role": queries.by_ids(session, "role", [each.role_id for each in rows])}
            for kind in ("user", "group"):
                ids = [each.actor_id for each in rows if each.actor_type == kind]
                found[kind] = queries.by_ids(session, kind, ids) if ids else {}
            found["project"] = queries.by_ids(session, "project",
                                              [each.target_id for each in rows if each.target_type == "project"])
            domains = {each.target_id for each in rows if each.target_type == "domain"}
            domains |= {each.domain_id for kind in ("user", "group", "project") for each in found[kind].values()}
            found["domain"] = queries.by_ids(session, "domain", domains)
            return found


def _missing(actor, target, role_id):
    return exceptions.MissingGrant(role_id=role_id, actor_id=actor[1], target_id=target[1])


def _all_there(session, actor, target, role_id):
    wanted = [] if role_id is None else [("role", role_id)]
    wanted += [actor] if target[0] == "system" else [actor, target]
    for kind, id in wanted:
        if queries.get(session, kind, id) is None:
            raise exceptions.Missing(kind=kind, id=id)
