"""The identity service in this process, over its real database and keys."""

import types

import pytest
from webob import Request

from nova_lite import policies  # noqa: F401
from nova_lite.api.wsgi import app
from nova_lite.identity.api import API
from tests import fresh_database

PASSWORDS = {"admin": "admin-pw", "demo": "demo-pw"}


@pytest.fixture
def first_users(database, conf):
    """A database with the first users, whose passwords are hashed cheaply, as those of all others."""
    conf.set_override("password_hash_rounds", 4, "identity")
    fresh_database.filled("first users", lambda: API().bootstrap(PASSWORDS))
    yield
    conf.clear_override("password_hash_rounds", "identity")


class Service:
    """A bootstrapped cloud's identity; ``call`` speaks to it as a client does."""

    def __init__(self):
        self.identity = API()
        self.identity.bootstrap(PASSWORDS)
        self.app = app.build(types.SimpleNamespace(identity=self.identity), services=("identity",))
        self.tokens = {}

    def call(self, method, path, body=None, token=None, **headers):
        req = Request.blank("/identity/v3" + path, method=method)
        if token:
            req.headers["X-Auth-Token"] = token
        if isinstance(body, bytes):
            req.body, req.content_type = body, "application/json"
        elif body is not None:
            req.json, req.content_type = body, "application/json"
        req.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return req.get_response(self.app)

    def login(self, user="admin", password=None, scope="project", **auth):
        """The response to a login by name; ``scope`` is "project" (the one named as the user), or any scope."""
        if scope == "project":
            scope = {"project": {"name": user, "domain": {"id": "default"}}}
        body = {"identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": {"id": "default"}, "password": password or PASSWORDS[user]}}}, **auth}
        return self.call("POST", "/auth/tokens", {"auth": body | ({"scope": scope} if scope else {})})

    def token(self, user="admin", **how):
        answer = self.login(user, **how)
        assert answer.status_int == 201, answer.text
        return answer.headers["X-Subject-Token"]

    def admin(self, method, path, body=None, **headers):
        """``call`` with a token of the admin, got once."""
        if "admin" not in self.tokens:
            self.tokens["admin"] = self.token()
        return self.call(method, path, body, self.tokens["admin"], **headers)

    def made(self, kind, **values):
        """A new user, project, role or domain: its body."""
        answer = self.admin("POST", f"/{kind}s", {kind: values})
        assert answer.status_int == 201, answer.text
        return answer.json[kind]

    def role_id(self, name):
        return self.admin("GET", f"/roles?name={name}").json["roles"][0]["id"]

    def project_id(self, name):
        return self.admin("GET", f"/projects?name={name}").json["projects"][0]["id"]

    def user_id(self, name):
        return self.admin("GET", f"/users?name={name}").json["users"][0]["id"]

    def grant(self, user_id, role="member", project="demo", method="PUT"):
        path = f"/projects/{self.project_id(project)}/users/{user_id}/roles/{self.role_id(role)}"
        return self.admin(method, path)
