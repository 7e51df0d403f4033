"""The one WSGI application: edge, mount points, and the way back to the wire.

Order of a request: forged identity headers go, a request id comes, the mount point picks the service, its table the
method, then size, token, microversion and media type are checked (in the order real OpenStack checks them).
"""

import http
import importlib
import logging
import re
import time
import uuid

from nova_lite import policies  # noqa: F401 - importing it declares every rule
from nova_lite.api.wsgi import cors, faults, microversion, versions
from nova_lite.api.wsgi.answer import Answer, encode
from nova_lite.api.wsgi.dialects import DIALECTS, NOWHERE
from nova_lite.api.wsgi.request import Request, printable, remote_address, shown_path
from nova_lite.api.wsgi.service import Service
from nova_lite.common import request_counts
from nova_lite.conf import CONF

LOG = logging.getLogger(__name__)

SERVICES = ("identity", "compute", "image", "network")
_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}")
_STATUS = {each.value: f"{each.value} {each.phrase}" for each in http.HTTPStatus}
_STATUS[413] = "413 Request Entity Too Large"
_BODILESS = frozenset((204, 304))
#: What an authenticating proxy would add: from a client, always forged.
FORGED = frozenset("HTTP_" + name for name in (
    "X_IDENTITY_STATUS", "X_SERVICE_IDENTITY_STATUS", "X_SERVICE_CATALOG", "X_SYSTEM_SCOPE", "X_SERVICE_SYSTEM_SCOPE",
    "X_DOMAIN_ID", "X_DOMAIN_NAME", "X_SERVICE_DOMAIN_ID", "X_SERVICE_DOMAIN_NAME",
    "X_PROJECT_ID", "X_PROJECT_NAME", "X_PROJECT_DOMAIN_ID", "X_PROJECT_DOMAIN_NAME",
    "X_SERVICE_PROJECT_ID", "X_SERVICE_PROJECT_NAME", "X_SERVICE_PROJECT_DOMAIN_ID", "X_SERVICE_PROJECT_DOMAIN_NAME",
    "X_USER_ID", "X_USER_NAME", "X_USER_DOMAIN_ID", "X_USER_DOMAIN_NAME", "X_USER", "X_TENANT", "X_ROLE", "X_ROLES",
    "X_SERVICE_USER_ID", "X_SERVICE_USER_NAME", "X_SERVICE_USER_DOMAIN_ID", "X_SERVICE_USER_DOMAIN_NAME",
    "X_SERVICE_ROLES", "X_TENANT_ID", "X_TENANT_NAME", "X_IS_ADMIN_PROJECT", "X_AUTH_KEY", "X_SERVICE_KEY"))


def build(facades, services=SERVICES):
    """The application of those ``services`` over ``facades`` (.compute .identity .image .network)."""
    return cors.around(App({
        name: Service.of(DIALECTS[name], importlib.import_module(f"nova_lite.api.{name}.routes"), facades)
        for name in services}))


class App:
    """A WSGI callable.  ``services`` maps mount points to Service."""

    def __init__(self, services):
        self.services = services

    def __call__(self, environ, start_response):
        started = time.perf_counter()
        for key in FORGED.intersection(environ):
            del environ[key]
        path = _path(environ)
        mount, _, rest = path[1:].partition("/")
        service = self.services.get(mount)
        req = Request(environ, service.dialect if service else NOWHERE, _request_id(environ))
        if "\0" in path:
            answer = req.dialect.no_route(req)
        elif service is not None:
            answer = service.answer(req, "/" + rest if rest else "")
        else:
            answer = self._outside(req, path)
        sent = _send(req, answer, start_response)
        seconds = time.perf_counter() - started
        request_counts.answered((mount if service else "none", environ["REQUEST_METHOD"], answer.status, seconds))
        if CONF.api.log_requests and LOG.isEnabledFor(logging.INFO):
            _log(req, answer, sent, seconds)
        return sent

    def _outside(self, req, path):
        if path == "/healthcheck":
            return Answer("OK", content_type="text/plain; charset=UTF-8")
        if path == "/":
            return versions.services(req, [(name, each.dialect.path) for name, each in self.services.items()])
        return faults.page(404, None, req.environ)


def _path(environ):
    """The path as text: WSGI hands the bytes over as latin-1."""
    path = environ.get("PATH_INFO") or "/"
    if path.isascii():
        return path
    try:
        return path.encode("latin-1").decode()
    except UnicodeError:
        return path


def _request_id(environ):
    """A new id; the one a caller brings along is kept beside it as the global id."""
    brought = environ.get("HTTP_X_OPENSTACK_REQUEST_ID")
    if brought and _REQUEST_ID.fullmatch(brought):
        environ["nova_lite.global_request_id"] = brought
    return f"req-{uuid.uuid4()}"


def _send(req, answer, start_response):
    body, kind = encode(answer)
    headers = [*answer.headers]
    if kind is not None:
        headers.append(("Content-Type", kind))
    if body is not None and answer.status not in _BODILESS:
        headers.append(("Content-Length", str(len(body))))
    dialect = req.dialect
    headers.extend(dialect.headers)
    if req.version is not None and not req.old:
        headers.extend(microversion.headers(req.version))
    headers.extend([(name, req.request_id) for name in dialect.request_id_headers])
    start_response(_STATUS.get(answer.status) or f"{answer.status} Unknown", headers)
    if answer.app_iter is not None:
        return answer.app_iter
    return [] if req.environ["REQUEST_METHOD"] == "HEAD" else [body]


def _log(req, answer, sent, seconds):
    environ, context = req.environ, req.context
    query = environ.get("QUERY_STRING")
    LOG.info('%s "%s %s" status: %d len: %d time: %.4f [%s %s %s]', remote_address(environ),
             printable(environ["REQUEST_METHOD"]), shown_path(environ) + (f"?{printable(query)}" if query else ""),
             answer.status,
             len(sent[0]) if isinstance(sent, list) and sent else 0, seconds, req.request_id,
             context.user_id if context else "-", context.project_id if context else "-")
