"""Users: /v3/users."""

from nova_lite.api.identity import lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exception

_COLUMNS = ("name", "domain_id", "enabled", "password", "default_project_id", "options")


def target(row):
    """What policies of one user look at; nothing where there is no user, so that only who sees all learns it."""
    return {} if row is None else {"target.user.id": row.id, "target.user.domain_id": row.domain_id}


class Users:
    def __init__(self, doors):
        self.users = doors.identity.users

    @validation.query(schemas.USERS)
    def index(self, req):
        filters = lists.equal(req, "name", "domain_id", "enabled")
        req.context.can("identity:list_users", _domain_of(filters))
        rows, following = lists.page(req, "user", self.users, filters)
        return views.collection(req, "users", [views.user(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:get_user", target(row))
        return {"user": views.user(req, self.users.found(row, id))}

    @validation.body(schemas.USER_CREATE)
    def create(self, req):
        values, extra = lists.columns(req.body_json["user"], _COLUMNS)
        values.setdefault("domain_id", lists.home_domain(req.context))
        req.context.can("identity:create_user", {"target.user.domain_id": values["domain_id"]})
        row = self.users.create({**values, "extra": extra})
        return Answer({"user": views.user(req, row)}, 201)

    @validation.body(schemas.USER_UPDATE)
    def update(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:update_user", target(row))
        wanted = req.body_json["user"]
        lists.unchanged(self.users.found(row, id), wanted, {"id": "ID", "domain_id": "Domain ID"})
        values, extra = lists.columns(wanted, _COLUMNS)
        values.pop("domain_id", None)
        row = self.users.update(id, {**values, "extra": {**row.extra, **extra}})
        return {"user": views.user(req, row)}

    def delete(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:delete_user", target(row))
        self.users.delete(id)
        return 204

    @validation.body(schemas.PASSWORD)
    def change_password(self, req, id):
        """204 and every token of the user is void; it needs the old password, not a token."""
        wanted = req.body_json["user"]
        if not self.users.change_password(id, wanted["original_password"], wanted["password"]):
            raise exception.Unauthorized
        return 204

    def projects(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:list_user_projects", target(row))
        self.users.found(row, id)
        return views.collection(req, "projects", [views.project(req, each) for each in self.users.projects(id)])


def _domain_of(filters):
    return {"target.domain_id": filters["domain_id"]} if "domain_id" in filters else {}
