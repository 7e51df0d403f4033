"""One mounted service: from a path below its mount point to a controller's answer."""

import contextlib

from nova_lite.api.wsgi import answer, faults, idempotency, microversion
from nova_lite.api.wsgi.request import content_length, remote_address, too_large
from nova_lite.api.wsgi.routing import Table
from nova_lite.api.wsgi.shares import Shares
from nova_lite.common import concurrency, exceptions, retry, write_check
from nova_lite.common.context import RequestContext
from nova_lite.common.serving.sockets import ASIDE, STREAM
from nova_lite.conf import CONF

#: Of all services together, as they are in one process.
_REQUESTS, _STREAMS = Shares(), Shares()
_HEADS = ("GET", "HEAD")


class Service:
    """A dialect, its table of routes, and how a request walks through them."""

    def __init__(self, dialect, table, authenticate):
        """:param authenticate: ``(token, request_id) -> RequestContext``, raising Unauthorized."""
        self.dialect = dialect
        self.table = table
        self._authenticate = authenticate
        self._version_path = f"/{dialect.path}"
        self._old_path = dialect.old_path and f"/{dialect.old_path}"

    @classmethod
    def of(cls, dialect, package, facades):
        """The service that a package ``api.<name>.routes`` declares."""
        table = Table(package.ROUTES, getattr(package, "ACTIONS", ()), package.controllers(facades))
        return cls(dialect, table, facades.identity.authenticate_token)

    def answer(self, req, rest):
        """The Answer to ``req``, whose path below the mount point is ``rest``; faults are answers too."""
        try:
            return self._answer(req, rest)
        except Exception as error:             # everything: what a client must never see stops in faults
            return faults.answer(error, req)

    def _answer(self, req, rest):
        if req.environ["REQUEST_METHOD"] == "OPTIONS":
            return self._options(rest)
        head, path = rest[:len(self._version_path)], rest[len(self._version_path):]
        if head != self._version_path or (path and path[0] != "/"):
            path = self._below_old(rest)
            if path is None:
                return self.dialect.root(req, rest.rstrip("/"))
            req.old = True
        if not path.strip("/"):
            home = self._home(req)
            if home is not None:
                return home
        return self._routed(req, self._clean(path))

    def _below_old(self, rest):
        """What follows the older version's path; None where it does not begin so."""
        if self._old_path and (rest + "/").startswith(self._old_path + "/"):
            return rest[len(self._old_path):]
        return None

    def _home(self, req):
        if self.dialect.has_microversions:
            self._negotiate(req)
        return self.dialect.home(req)

    def _routed(self, req, path):
        found = self.table.match(path)
        project_id = None
        if found is None and self.dialect.has_microversions:
            project_id, path = self.table.split_project(path)
            found = self.table.match(path) if project_id else None
        plans = self._plans(req, found[0]) if found else None
        stream, public = (plans[0].stream, plans[0].public) if isinstance(plans, list) else (False, False)
        if not stream and (content_length(req.environ) or 0) > CONF.api.max_request_body_size:
            return faults.page(413, str(too_large()), req.environ)
        if public:
            req.context = RequestContext(request_id=req.request_id)
        elif plans or self.dialect.hides_routes:
            self._identify(req)
        if not plans:
            return self._missing(req, found)
        with _share(req, stream):
            return self._call(req, plans, found[1], project_id)

    def _plans(self, req, template):
        """The list of plans for a matched template; for an action path {name: list}, as the body decides which."""
        method = req.environ["REQUEST_METHOD"]
        methods = self.table.paths.get(template, {})
        plans = methods.get(method)
        if plans is None and method == "HEAD" and self.dialect.head_is_get:
            plans = methods.get("GET")
        if plans is None and method == "POST" and template.endswith("/action"):
            plans = self.table.actions.get(template[1:].removesuffix("/{id}/action"))
        return plans

    def _call(self, req, plans, arguments, project_id):
        if self.dialect.has_microversions:
            self._negotiate(req)
            _check_project(req, project_id)
        self.dialect.check_media_type(req)
        if isinstance(plans, dict):
            plans = self._action(req, plans)
        for plan in plans:
            if plan.offered(req.version):
                return self._controlled(req, plan, arguments)
        raise exceptions.NotFound

    @staticmethod
    def _controlled(req, plan, arguments):
        environ = req.environ
        req.context.route = plan.route

        def work():
            with write_check.during(req.context.write_check):
                return answer.of(plan.method(req, **arguments))
        if plan.stream:
            return answer.of(plan.method(req, **arguments))
        if idempotency.HEADER in environ and environ["REQUEST_METHOD"] == "POST" and not plan.public:
            return idempotency.once(req, work)
        made = retry.while_undone(work, req.parse_anew)
        return made.answer() if isinstance(made, answer.Later) else made

    def _action(self, req, offered):
        wanted = req.body_json
        if not isinstance(wanted, dict) or len(wanted) != 1:
            raise exceptions.BadRequest(self.dialect.malformed)
        name, = wanted
        if name not in offered:
            raise exceptions.BadRequest(f"There is no such action: {name}")
        return offered[name]

    def _identify(self, req):
        environ = req.environ
        token = environ.get("HTTP_X_AUTH_TOKEN")
        if not token:
            raise exceptions.Unauthorized
        context = self._authenticate(token, req.request_id)
        context.remote_address = remote_address(environ)
        context.global_request_id = environ.get("nova_lite.global_request_id")
        service_token = environ.get("HTTP_X_SERVICE_TOKEN")
        if service_token:
            context.service_roles = self._authenticate(service_token, req.request_id).roles
        req.context = context

    def _negotiate(self, req):
        if req.old:
            req.version = microversion.MINIMUM
            return
        req.version = microversion.requested(req.environ)
        microversion.check(req.version)

    def _missing(self, req, found):
        if found is None:
            return self.dialect.no_route(req)
        return self.dialect.no_method(req, self._allowed(found[0]))

    def _allowed(self, template):
        methods = set(self.table.paths.get(template, ()))
        if self.dialect.head_is_get and "GET" in methods:
            methods.update(_HEADS)
        return sorted(methods)

    def _options(self, rest):
        found = self.table.match(self._clean(rest[len(self._version_path):])) if self.dialect.head_is_get else None
        headers = [("Allow", ", ".join(sorted({*self._allowed(found[0]), "OPTIONS"})))] if found else []
        return answer.Answer(status=200, headers=headers)

    def _clean(self, path):
        if not self.dialect.strict_slash:
            path = path.removesuffix(".json") if self.dialect.mount == "network" else path
            path = path.rstrip("/")
        return path or "/"


def _share(req, stream):
    """A context in which the request is one of those that its project may have at once."""
    environ, context = req.environ, req.context
    if stream:
        environ.get(STREAM, _nothing)()
    most = CONF.http.max_requests_per_project
    if most and concurrency.mode() == "threading":
        most = min(most, max(1, CONF.http.threads // 2))
    shares = _STREAMS if stream else _REQUESTS
    return shares.taken(context.project_id or context.user_id, most, environ.get(ASIDE, contextlib.nullcontext))


def _nothing():
    """Under another server the body has no pace of ours."""


def _check_project(req, project_id):
    if project_id is not None and project_id != req.context.project_id:
        raise exceptions.BadRequest(f"Malformed request URL: URL's project_id '{project_id}' doesn't match "
                                   f"Context's project_id '{req.context.project_id}'")
