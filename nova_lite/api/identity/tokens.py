"""Logging in and out, and what a token opens: /v3/auth/*."""

from nova_lite.api.identity import authentication, filters, schemas, views
from nova_lite.api.wsgi import validation
from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.request import remote_address
from nova_lite.common import exceptions
from nova_lite.identity import catalog


class Tokens:
    def __init__(self, facades):
        self.identity = facades.identity

    def create(self, req):
        """201 and X-Subject-Token.  401: refused, with one answer for an unknown user and a wrong password."""
        text, token = self.identity.login(authentication.login(req.body_json, remote_address(req.environ)))
        return self._shown(req, token, text, 201)

    create.body_schema = schemas.LOGIN          # checked by ``authentication``, with Keystone's messages

    @validation.query(schemas.TOKEN)
    def show(self, req):
        """The token in X-Subject-Token.  404: it is not valid."""
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
        if not req.context.project_id:
            raise exceptions.Forbidden("A project-scoped token is required to produce a service catalog.")
        return {"catalog": catalog.catalog(req.root_url), "links": {"self": f"{req.base_url}/auth/catalog"}}

    @filters.listed("nothing")
    def projects(self, req):
        req.context.can("identity:get_auth_projects")
        rows = self.identity.users.projects(req.context.user_id)
        return views.collection(req, "projects", [views.project(req, row) for row in rows])

    @filters.listed("nothing")
    def domains(self, req):
        req.context.can("identity:get_auth_domains")
        rows = self.identity.users.domains(req.context.user_id)
        return views.collection(req, "domains", [views.domain(req, row) for row in rows])

    def system(self, req):
        req.context.can("identity:get_auth_system")
        held = self.identity.users.has_system_role(req.context.user_id)
        return {"system": [{"all": True}] if held else [], "links": {"self": f"{req.base_url}/auth/system"}}

    def _subject(self, req):
        text = req.environ.get("HTTP_X_SUBJECT_TOKEN")
        if not text:
            raise exceptions.NotFound("No token in the request")
        return text, self.identity.open_token(text)

    def _shown(self, req, token, text, status):
        body = views.token(req, token, self.identity.describe(token), "nocatalog" not in req.query)
        return Answer(body, status, [("X-Subject-Token", text)])
