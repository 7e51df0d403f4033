"""Logging in and out, and what a token opens: /v3/auth/*."""

from nova_lite.api.identity import authentication, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.common import exception
from nova_lite.identity import catalog


class Tokens:
    def __init__(self, doors):
        self.identity = doors.identity

    def create(self, req):
        """201 and X-Subject-Token.  401: refused; nothing tells an unknown user from a wrong password."""
        text, token = self.identity.login(authentication.login(req.body_json))
        return self._shown(req, token, text, 201)

    create.body_schema = schemas.LOGIN          # checked by ``authentication``, which has words of its own

    @validation.query(schemas.TOKEN)
    def show(self, req):
        """What the token in X-Subject-Token says.  404: it is no good."""
        text, token = self._subject(req)
        req.context.can("identity:validate_token", {"target.token.user_id": token.user_id})
        return self._shown(req, token, text, 200)

    def check(self, req):
        """HEAD: 200 where GET is, without a body."""
        _, token = self._subject(req)
        req.context.can("identity:check_token", {"target.token.user_id": token.user_id})
        return 200

    def delete(self, req):
        """204 and the token opens nothing any more."""
        _, token = self._subject(req)
        req.context.can("identity:revoke_token", {"target.token.user_id": token.user_id})
        self.identity.revoke_token(token)
        return 204

    def catalog(self, req):
        req.context.can("identity:get_auth_catalog")
        if not (req.context.project_id or req.context.domain_id or req.context.system_scope):
            raise exception.Forbidden("The request you have made requires a scoped token.")
        return {"catalog": catalog.catalog(req.root_url), "links": {"self": f"{req.base_url}/auth/catalog"}}

    def projects(self, req):
        req.context.can("identity:get_auth_projects")
        rows = self.identity.users.projects(req.context.user_id)
        return views.collection(req, "projects", [views.project(req, row) for row in rows])

    def domains(self, req):
        req.context.can("identity:get_auth_domains")
        rows = self.identity.users.domains(req.context.user_id)
        return views.collection(req, "domains", [views.domain(req, row) for row in rows])

    def system(self, req):
        req.context.can("identity:get_auth_system")
        held = self.identity.grants.list({"user_id": req.context.user_id, "target": "system"})
        return {"system": [{"all": True}] if held else [], "links": {"self": f"{req.base_url}/auth/system"}}

    def _subject(self, req):
        text = req.environ.get("HTTP_X_SUBJECT_TOKEN")
        if not text:
            raise exception.NotFound("No token in the request")
        return text, self.identity.open_token(text)

    def _shown(self, req, token, text, status):
        body = views.token(req, token, self.identity.describe(token), "nocatalog" not in req.query)
        return Answer(body, status, [("X-Subject-Token", text)])
