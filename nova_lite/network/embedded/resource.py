"""The base of the embedded service's resources: visibility, pages, quotas, revisions, tags."""

import collections

from nova_lite import db
from nova_lite.common.visibility import ALL, NO_PROJECT
from nova_lite.db import quotas
from nova_lite.db.network import paging, rows, sharing
from nova_lite.db.network import quotas as network_quotas
from nova_lite.network import exceptions
from nova_lite.network.embedded.sharing import share_with_all
from nova_lite.network.listing import one

_MOST_TAGS = 50


class Resource:
    """List, get, create, change tags: the same for every kind of resource.

    Subclasses set ``_query(session, project_id, page)``, ``model`` and ``missing(resource_id) -> exception``, and write
    one new resource by ``_insert``.
    """

    resource = ""           # its name in quotas
    _query = model = missing = None

    def list(self, context, ask):
        """Dicts of what ``context`` may see.  :raises InvalidInput: the marker is unknown."""
        return self.find(context.visible_project, ask, context.own_project)

    def get(self, context, resource_id):
        """One dict.  :raises NotFound: also for what ``context`` may not see."""
        return self.load(context.visible_project, resource_id, context.own_project)

    def find(self, project_id, ask, viewer=NO_PROJECT):
        """:param viewer: the project that ``shared`` is for, where ``project_id`` is ALL."""
        with db.reader() as session:
            if ask.marker is not None:
                self.load(project_id, ask.marker)
            page = paging.Page(ask.filters, ask.sort, ask.limit, ask.marker, ask.reverse, viewer)
            return type(self)._query(session, project_id, page)

    def load(self, project_id, resource_id, viewer=NO_PROJECT):
        found = self.find(project_id, one(resource_id), viewer)
        if not found:
            raise type(self).missing(resource_id)
        return found[0]

    def hold(self, resource_id, revision=None):
        """The resource, locked until the open transaction ends.

        :param revision: which it must have; None: any.
        :raises NotFound: it does not exist any more.  :raises RevisionNumberConstraintFailed: it has changed.
        """
        with db.writer() as session:
            rows.lock(session, self.model, resource_id)
        found = self.load(ALL, resource_id)
        check_revision(found, revision)
        return found

    def write(self, found, values, *, touched=False):
        """Change a locked resource; present values change nothing, not even the revision.

        :param touched: whether the revision is raised in any case, since what belongs to the resource has changed.
        """
        changed = {name: value for name, value in values.items() if found[name] != value}
        if changed or touched:
            with db.writer() as session:
                rows.update(session, self.model, found["id"], changed)
        return bool(changed or touched)

    def check_shared(self, found, target):
        """Refuse to share a resource that is held with ``target``; nothing is refused unless a subclass does."""

    def remove(self, resource_id):
        """Delete a locked resource and its RBAC policies; False, with nothing deleted, where it is in use."""
        with db.writer() as session:
            removed = rows.try_delete(session, self.model, resource_id)
            if removed and self.resource in sharing.MODELS:
                sharing.remove(session, resource_id)
            return removed

    # ---- new ones

    def create(self, context, values):
        """One new resource; see the subclass for ``values``."""
        return self.create_all(context, [values])[0]

    def create_all(self, context, several, revision=None):
        """All of several new resources, or none.

        :param several: values of each, as for ``create``.
        :param revision: which the parent (a subnet's or port's network, a rule's group) must have; None: any.
        :raises OverQuota: they are too many together.
        """
        with db.writer() as session:
            self.check_quota(collections.Counter(each.get("project_id") for each in several))
            self._before(session, context, several, revision)
            return [self._create(session, context, each) for each in several]

    def _before(self, session, context, several, revision):
        """Lock the parents of several new resources, and refuse combinations that are invalid."""

    def _create(self, session, context, values):
        values = dict(values)
        tags, shared = values.pop("tags", ()), values.pop("shared", False)
        made = self._insert(session, context, values)
        if shared:
            row = {**values, "id": made}
            self.check_shared(row, sharing.EVERYONE)
            share_with_all(session, self, row)
        rows.add_tags(session, self.model, made, list(dict.fromkeys(tags)))
        return self.load(ALL, made, context.own_project)

    def _insert(self, session, context, values):
        """Write one; its id."""
        raise NotImplementedError

    # ---- tags

    def change_tags(self, resource, change, revision=None):
        """Change the tags of a resource that the caller has loaded; returns the resource.

        :param change: callable(set of tags) -> set of tags.
        """
        with db.writer() as session:
            found = self.hold(resource["id"], revision)
            before = set(found["tags"])
            after = change(set(before))
            if len(after) > _MOST_TAGS:
                raise exceptions.BadRequest(resource=f"{self.resource}s", detail=(
                    f"The number of tags exceed the per-resource limit of {_MOST_TAGS}"))
            if after == before:
                return found
            rows.raise_revision(session, self.model, found["id"])
            rows.remove_tags(session, self.model, found["id"], sorted(before - after))
            rows.add_tags(session, self.model, found["id"], sorted(after - before))
            return self.load(ALL, found["id"])

    # ---- quotas

    def check_quota(self, wanted):
        """Check the quota of ``wanted``, {project id: number}, and lock it until the open transaction ends.

        :raises OverQuota: it is too many for one of the projects.
        """
        if self.resource not in network_quotas.RESOURCES:
            return
        with db.writer() as session:
            for project_id, number in sorted(wanted.items()):
                limit = network_quotas.limit(session, project_id, self.resource)
                if limit >= 0:
                    quotas.lock(session, project_id)
                    self._before_count(session, project_id)
                    if self.used(project_id) + number > limit:
                        raise exceptions.OverQuota(resource=self.resource)

    def _before_count(self, session, project_id):
        """Create what counts against the quota and may not exist yet."""

    def used(self, project_id):
        """How many a project has."""
        with db.reader() as session:
            return rows.count(session, self.model, project_id)


def check_revision(found, revision):
    """:raises RevisionNumberConstraintFailed: a resource is not in the ``revision`` that a client knows (None: any)."""
    current = found.get("revision")
    if revision is not None and current != revision:
        raise exceptions.RevisionNumberConstraintFailed(expected=revision, current=current)
