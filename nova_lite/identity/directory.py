"""Domains, projects, users and roles: find, list, create, update, delete - and what a change voids."""

import uuid

from nova_lite import db
from nova_lite.db import identity as queries
from nova_lite.identity import errors, passwords
from nova_lite.identity.tokens import grant_key


class _Changed(Exception):
    """Somebody else was faster."""


class Room:
    """What the four kinds share.  Rows come back as they are in their tables; ``values`` are columns."""

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
            raise errors.Missing(kind=self.kind, id=id)
        return row

    def list(self, filters, marker=None, limit=None):
        with db.reader() as session:
            return queries.list_(session, self.kind, filters, marker, limit)

    def create(self, values):
        """:raises Duplicate: the name is taken."""
        id = values.get("id") or uuid.uuid4().hex
        with db.writer() as session:
            self._check(session, values)
            queries.add(session, self.kind, {**values, "id": id})
            return queries.get(session, self.kind, id)

    def update(self, id, values):
        """:raises Missing: it is not there.
        :raises Duplicate: the new name is taken.
        """
        return self._update(id, values)

    def _update(self, id, values, still=lambda before: True):
        """:param still: of the row, in the transaction: whether it is what the caller judged, else _Changed."""
        with db.writer() as session:
            before = self.found(queries.get(session, self.kind, id), id)
            if not still(before):
                raise _Changed
            self._check_change(before, values)
            queries.change(session, self.kind, id, values)
            voided = self._revocations.revoke(session, self._voided(before, values))
            after = queries.get(session, self.kind, id)
        self._revocations.applied(voided)
        return after

    def delete(self, id):
        """:raises Missing: it is not there."""
        with db.writer() as session:
            row = self.found(queries.get(session, self.kind, id), id)
            self._check_delete(row)
            voided = self._revocations.revoke(session, self._voided_by_delete(session, row))
            queries.remove(session, self.kind, id)
        self._revocations.applied(voided)

    def _check(self, session, values):
        """Refuse ``values`` that refer to what is not there."""

    def _check_change(self, row, values):
        """Refuse a change of ``row``, unless it is the one that lifts its immutability."""
        if row.options.get("immutable") and values.get("options", {}).get("immutable", True):
            raise errors.Immutable(what="update", kind=self.kind, id=row.id)

    def _check_delete(self, row):
        if row.options.get("immutable"):
            raise errors.Immutable(what="delete", kind=self.kind, id=row.id)

    def _voided(self, before, values):
        """Revocation keys of a change: what is disabled loses its tokens."""
        return [f"{self.kind}:{before.id}"] if values.get("enabled") is False else []

    def _voided_by_delete(self, session, row):
        return [f"{self.kind}:{row.id}"]


class Domains(Room):
    kind = "domain"

    def _check_delete(self, row):
        super()._check_delete(row)
        if row.enabled:
            raise errors.DomainEnabled


class Projects(Room):
    kind = "project"

    def _check(self, session, values):
        if queries.get(session, "domain", values["domain_id"]) is None:
            raise errors.MissingReference(kind="domain", id=values["domain_id"])

    def parent(self, parent_id, domain_id):
        """:raises BadRequest: a parent other than the domain was asked for."""
        if parent_id in (None, domain_id):
            return
        raise (errors.NestedProject if self.find(parent_id) else
               errors.MissingReference(kind="project", id=parent_id))


class Users(Room):
    """``values`` may hold "password" in the clear: it is hashed before any transaction begins."""

    kind = "user"

    def __init__(self, revocations, verifier):
        super().__init__(revocations)
        self._verifier = verifier

    def create(self, values):
        return super().create(_hash(values))

    def update(self, id, values):
        return super().update(id, _hash(values))

    def change_password(self, id, original, password):
        """Whether ``original`` was right; then ``password`` holds, and the user's tokens are void."""
        row = self.find(id)
        if not self._verifier.verify(original, row.password_hash if row else None) or not row.enabled:
            return False
        try:
            self._update(id, _hash({"password": password}), lambda before: before.password_hash == row.password_hash)
        except _Changed:
            return False
        return True

    def projects(self, id):
        """Rows of the enabled projects on which a user has any role."""
        return self._targets(id, "project")

    def domains(self, id):
        """Rows of the enabled domains on which a user has any role."""
        return self._targets(id, "domain")

    def _targets(self, id, target):
        with db.reader() as session:
            ids = [each.target_id for each in queries.grants(session, user_id=id, target=target)]
            return [row for _, row in sorted(queries.by_ids(session, target, ids).items()) if row.enabled]

    def _check(self, session, values):
        if queries.get(session, "domain", values["domain_id"]) is None:
            raise errors.Missing(kind="domain", id=values["domain_id"])

    def _voided(self, before, values):
        if "password_hash" in values:
            return [f"user:{before.id}"]
        return super()._voided(before, values)


class Roles(Room):
    kind = "role"

    def implications(self):
        """{role id: [role ids]}, direct ones."""
        with db.reader() as session:
            return queries.implications(session)

    def _voided(self, before, values):
        return []

    def _voided_by_delete(self, session, row):
        return [grant_key(*each) for each in queries.holders(session, row.id)]


def _hash(values):
    """``values`` with "password" replaced by its hash; an explicit None takes the password away."""
    if "password" not in values:
        return values
    made = {name: value for name, value in values.items() if name != "password"}
    password = values["password"]
    made["password_hash"] = None if password is None else passwords.hashed(password)
    return made
