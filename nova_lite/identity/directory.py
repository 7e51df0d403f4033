"""Domains, projects, users, groups and roles: their queries and changes, and the tokens a change concerns."""

import functools
import uuid

from nova_lite import db
from nova_lite.db import identity as queries
from nova_lite.db import identity_grants
from nova_lite.identity import exceptions, passwords, token_keys
from nova_lite.identity.options import merged

_MOST_TAGS = 80


class _Changed(Exception):
    """The row is not any more what the caller decided by."""


class _Resource:
    """What all kinds share.  Methods return Rows of the kind's table; ``values`` are columns."""

    kind = None

    def __init__(self, revocations):
        self._revocations = revocations

    def find(self, id):
        """The Row, or None."""
        with db.reader() as session:
            return queries.get(session, self.kind, id)

    def get(self, id):
        """:raises Missing: it is not there."""
        return self.found(self.find(id), id)

    def found(self, row, id):
        """``row``, or Missing where it is None: for callers that ask the policy in between."""
        if row is None:
            raise exceptions.Missing(kind=self.kind, id=id)
        return row

    def list(self, filters, marker=None, limit=None, keep=None):
        """Rows by id that equal ``filters`` ({column: value}) and of which ``keep``, a predicate, holds.

        :raises MissingMarker: there is no row ``marker`` to begin after.
        """
        with db.reader() as session:
            if marker is not None and queries.get(session, self.kind, marker) is None:
                raise exceptions.MissingMarker(id=marker)
            return queries.list_(session, self.kind, filters, marker, limit, keep)

    def create(self, values):
        """:raises Duplicate: the name is taken, in whatever case."""
        id = values.get("id") or uuid.uuid4().hex
        made = {**_named(values), "id": id, "options": merged({}, values.get("options", {}))}
        with self._revocations.change() as change:
            self._check(change.session, made)
            queries.add(change.session, self.kind, made)
            return queries.get(change.session, self.kind, id)

    def update(self, id, values):
        """Change columns; what ``values`` has of "options" and "extra" is merged into what is there.

        :raises Missing: it is not there.
        :raises Duplicate: the new name is taken.
        """
        return self._update(id, values)

    def _update(self, id, values, still=lambda before: True):
        """:param still: a predicate of the row in the transaction.  :raises _Changed: it does not hold."""
        with self._revocations.change() as change:
            before = self.found(queries.get(change.session, self.kind, id), id)
            if not still(before):
                raise _Changed
            self._check_change(before, values)
            queries.change(change.session, self.kind, id, _into(before, _named(values)))
            self._mark(change, before, values)
            return queries.get(change.session, self.kind, id)

    def delete(self, id):
        """:raises Missing: it is not there."""
        with self._revocations.change() as change:
            row = self.found(queries.get(change.session, self.kind, id), id)
            self._check_delete(row)
            self._mark_deleted(change, row)
            queries.remove(change.session, self.kind, id)

    def _check(self, session, values):
        """Refuse ``values`` that refer to what is not there."""

    def _check_change(self, row, values):
        """Refuse a change of ``row``, unless it is the one that lifts its immutability."""
        if row.options.get("immutable") and values.get("options", {}).get("immutable", True) not in (False, None):
            raise exceptions.Immutable(what="update", kind=self.kind, id=row.id)

    def _check_delete(self, row):
        if row.options.get("immutable"):
            raise exceptions.Immutable(what="delete", kind=self.kind, id=row.id)

    def _mark(self, change, before, values):
        """Name the tokens that a change of ``before`` concerns: those of what is disabled are void."""
        if values.get("enabled") is False:
            change.void.add(token_keys.of(self.kind, before.id))

    def _mark_deleted(self, change, row):
        change.void.add(token_keys.of(self.kind, row.id))


class Domains(_Resource):
    kind = "domain"

    def _check_delete(self, row):
        super()._check_delete(row)
        if row.enabled:
            raise exceptions.DomainEnabled


class Projects(_Resource):
    kind = "project"

    def retag(self, id, decide):
        """Give a project the tags that ``decide(its tags)`` says, decided and done in one transaction; returns them.

        :raises TooManyTags: more than a project can have.
        """
        with self._revocations.change() as change:
            row = self.found(queries.get(change.session, self.kind, id), id)
            self._check_change(row, {})
            tags = [each.strip() for each in decide(row.tags)]
            if len(tags) > _MOST_TAGS:
                raise exceptions.TooManyTags(most=_MOST_TAGS)
            queries.change(change.session, self.kind, id, {"tags": tags})
            return tags

    def _check(self, session, values):
        if queries.get(session, "domain", values["domain_id"]) is None:
            raise exceptions.MissingReference(kind="domain", id=values["domain_id"])

    def parent(self, parent_id, domain_id):
        """:raises BadRequest: a parent other than the domain was asked for."""
        if parent_id in (None, domain_id):
            return
        raise (exceptions.NestedProject if self.find(parent_id) else
               exceptions.MissingReference(kind="project", id=parent_id))


class Users(_Resource):
    """``values`` may hold "password" in the clear: it is hashed before any transaction begins."""

    kind = "user"

    def __init__(self, revocations, attempts):
        super().__init__(revocations)
        self._attempts = attempts

    def create(self, values):
        return super().create(_hash(values))

    def update(self, id, values):
        return super().update(id, _hash(values))

    def change_password(self, id, original, password, address=None):
        """Whether ``original`` was right; then ``password`` holds, and the user's tokens are void.

        :raises PasswordLocked: only administrators may change it.
        """
        row = self.find(id)
        if not self._attempts.right(row, id, original, address) or not row.enabled:
            return False
        try:
            self._update(id, _hash({"password": password}), functools.partial(_own_change, checked=row))
        except _Changed:
            return False
        return True

    def projects(self, id):
        """Rows of the enabled projects on which a user has any role, its groups' and inherited ones included."""
        return self._targets(id, "project")

    def domains(self, id):
        """Rows of the enabled domains on which a user has any role."""
        return self._targets(id, "domain")

    def has_system_role(self, id):
        """Whether a user has any role on the system."""
        with db.reader() as session:
            return bool(identity_grants.target_ids(session, id, "system"))

    def _targets(self, id, target):
        with db.reader() as session:
            ids = identity_grants.target_ids(session, id, target)
            return [row for _, row in sorted(queries.by_ids(session, target, ids).items()) if row.enabled]

    def _check(self, session, values):
        if queries.get(session, "domain", values["domain_id"]) is None:
            raise exceptions.Missing(kind="domain", id=values["domain_id"])

    def _mark(self, change, before, values):
        super()._mark(change, before, values)
        if "password_hash" in values:
            change.void.add(token_keys.of("user", before.id))


class Groups(_Resource):
    kind = "group"

    def add_member(self, id, user_id):
        """Make a user a member; its tokens have the group's roles with the next request.  Harmless where it is one.

        :raises Missing: there is no such group or user.
        """
        with self._revocations.change() as change:
            self._both_there(change.session, id, user_id)
            identity_grants.add_member(change.session, id, user_id)
            change.refresh.add(token_keys.of("user", user_id))

    def remove_member(self, id, user_id):
        """Take a user out; its tokens lose the group's roles with the next request.

        :raises Missing: there is no such group or user, or the user is no member.
        """
        with self._revocations.change() as change:
            self._both_there(change.session, id, user_id)
            if not identity_grants.remove_member(change.session, id, user_id):
                raise exceptions.MissingMember(user_id=user_id, group_id=id)
            change.refresh.add(token_keys.of("user", user_id))

    def _both_there(self, session, id, user_id):
        self.found(queries.get(session, "group", id), id)
        if queries.get(session, "user", user_id) is None:
            raise exceptions.Missing(kind="user", id=user_id)

    def _check(self, session, values):
        if queries.get(session, "domain", values["domain_id"]) is None:
            raise exceptions.Missing(kind="domain", id=values["domain_id"])

    def _mark_deleted(self, change, row):
        change.refresh.add(token_keys.ALL)


class Roles(_Resource):
    kind = "role"

    def implications(self):
        """{role id: [role ids]}, direct ones."""
        with db.reader() as session:
            return identity_grants.implications(session)

    def _mark(self, change, before, values):
        if "name" in values:
            change.refresh.add(token_keys.ALL)

    def _mark_deleted(self, change, row):
        change.refresh.add(token_keys.ALL)


def _own_change(before, checked):
    """Whether a user may change its own password: its row is as when the old password was checked.

    :raises PasswordLocked: only administrators may.
    """
    if before.options.get("lock_password"):
        raise exceptions.PasswordLocked
    return before.enabled and before.password_hash == checked.password_hash


def _named(values):
    return {**values, "name": values["name"].strip()} if "name" in values else values


def _into(before, values):
    made = dict(values)
    if "options" in values:
        made["options"] = merged(before.options, values["options"])
    if "extra" in values:
        made["extra"] = {**before.extra, **values["extra"]}
    return made


def _hash(values):
    """``values`` with "password" replaced by its hash; an explicit None takes the password away."""
    if "password" not in values:
        return values
    made = {name: value for name, value in values.items() if name != "password"}
    password = values["password"]
    made["password_hash"] = None if password is None else passwords.hashed(password)
    made.update(failed_auth_count=0, failed_auth_at=None)
    return made
