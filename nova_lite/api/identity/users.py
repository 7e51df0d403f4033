"""Users: /v3/users."""

from nova_lite.api.identity import filters, lists, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.request import remote_address
from nova_lite.common import exceptions

_COLUMNS = ("name", "domain_id", "enabled", "password", "default_project_id", "options")


def target(row):
    """The policy target of a user; {} where there is none, so that only callers who may see all users learn that."""
    return {} if row is None else {"target.user.id": row.id, "target.user.domain_id": row.domain_id}


class Users:
    def __init__(self, facades):
        self.users = facades.identity.users

    @filters.listed("users")
    def index(self, req):
        wanted = filters.wanted(req, "users")
        req.context.can("identity:list_users", lists.scope(req.context))
        rows, following = lists.page(req, self.users, lists.in_scope(req.context, wanted))
        return views.collection(req, "users", [views.user(req, row) for row in rows], following)

    def show(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:get_user", target(row))
        return {"user": views.user(req, self.users.found(row, id))}

    @validation.body(schemas.USER_CREATE)
    def create(self, req):
        """201.  403: also where only a domain's manager could, and the body names no domain."""
        values, extra = lists.columns(req.body_json["user"], _COLUMNS)
        named = values.get("domain_id")
        req.context.can("identity:create_user", {"target.user.domain_id": named} if named else {})
        values["domain_id"] = named or lists.home_domain(req.context)
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
        row = self.users.update(id, {**values, "extra": extra})
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
        if not self.users.change_password(id, wanted["original_password"], wanted["password"],
                                          remote_address(req.environ)):
            raise exceptions.Unauthorized
        return 204

    @filters.listed("user_projects")
    def projects(self, req, id):
        row = self.users.find(id)
        req.context.can("identity:list_user_projects", target(row))
        self.users.found(row, id)
        shown = [views.project(req, each) for each in self.users.projects(id)]
        return views.collection(req, "projects", filters.wanted(req, "user_projects").of(shown))
