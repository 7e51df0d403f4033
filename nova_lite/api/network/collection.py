"""What every kind of resource of the network API does alike."""

from nova_lite.api.network import attributes, listing
from nova_lite.api.network.preconditions import no_revision, revision


class Collection:
    """Subclasses set ``name``, ``plural``, ``filters`` and have ``_view(req, row)``; rules see ``_target(req, row)``.

    :param facade: of this kind of resource.
    """

    name = plural = filters = None
    #: {attribute that has rules of its own where a new resource has it otherwise than here, or a change names it: what
    #: it is unless a client says so}.
    ruled = {}

    def __init__(self, facade):
        self._facade = facade

    def _index(self, req):
        """Those that the caller sees; an admin's list has all."""
        ask = self.filters.ask(req.query)
        rows = listing.seen(req.context, f"get_{self.name}", self, ask)
        return self._page(req, self._views(req, rows), ask)

    def _page(self, req, shown, ask):
        return listing.page(req, self.plural, shown, ask)

    def _views(self, req, rows):
        return [self._view(req, each) for each in rows]

    def list(self, context, ask):
        """Rows, each as a target of the rule of lists."""
        return self._facade.list(context, ask)

    def show(self, req, id):
        row = self._load(req, id, "get")
        return {self.name: listing.only(self._view(req, row), set(req.query.get("fields", ())))}

    def _load(self, req, id, action):
        row = self._facade.get(req.context, id)
        req.context.can(f"{action}_{self.name}", self._target(req, row))
        return row

    def _create(self, req, *, parented=False):
        """One, or several at once: all of them or none.

        :param parented: they belong to something that has a revision, for If-Match.
        """
        if not parented:
            no_revision(req)
        said, several = attributes.resources(req, self.name, self.plural)
        values = [self._new(req, each) for each in said]
        made = self._facade.create_all(req.context, values, revision(req))
        return attributes.made(self.name, self.plural, self._views(req, made), several)

    def _new(self, req, said):
        """The values of a new resource that the caller may make."""
        values = attributes.owned(req, said)
        target = self._target(req, values)
        req.context.can(f"create_{self.name}", target)
        for name, usual in self.ruled.items():
            if values.get(name, usual) != usual:
                req.context.can(f"create_{self.name}:{name}", target)
        return self._tagged(req, values, target)

    def _tagged(self, req, values, target):
        if values.get("tags"):
            req.context.can(f"create_{self.name}:tags", target)
        return values

    def _update(self, req, id):
        row = self._load(req, id, "update")
        values = attributes.values(req.body_json[self.name])
        self._check_update(req, row, values)
        return {self.name: self._view(req, self._facade.update(req.context, row, values, revision(req)))}

    def _check_update(self, req, row, values):
        """Refuse what the caller may not change, even to what it is; it may change this resource."""
        target = self._target(req, row)
        for name in self.ruled:
            if name in values:
                req.context.can(f"update_{self.name}:{name}", target)

    def delete(self, req, id):
        """204.  409: something needs it."""
        self._facade.delete(req.context, self._load(req, id, "delete"), revision(req))
        return 204

    def _target(self, req, row):
        return {**ident(row), "project_id": row["project_id"], "shared": bool(row.get("shared"))}

    # ---- tags; ``tags_of`` makes the controller of a kind's tags of these

    def load_for_tags(self, req, id, action):
        row = self._facade.get(req.context, id)
        req.context.can(f"{action}_{self.name}:tags", self._target(req, row))
        return row

    def change_tags(self, req, row, change):
        return self._facade.change_tags(row, change, revision(req))


def ident(row):
    """The id in a target of rules, which a new resource lacks: it hides what is refused from who may not see it."""
    return {"id": row["id"]} if "id" in row else {}
