"""The one translator from errors to HTTP: each service's own shape of fault, and never a traceback.

Formats: Nova and Cinder {"itemNotFound": {code, message}}, Keystone {"error": {code, message, title}}, Neutron
{"NeutronError": {type, message, detail}}; Glance answers with WebOb's plain pages.
"""

import http

import webob.exc
from oslo_log import log as logging

from nova_lite.api.wsgi.answer import Answer
from nova_lite.api.wsgi.request import shown_path
from nova_lite.common import exceptions
from nova_lite.common.brief import brief

LOG = logging.getLogger(__name__)

_COMPUTE_NAMES = {400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
                  409: "conflictingRequest", 413: "overLimit", 415: "badMediaType", 429: "overLimit",
                  501: "notImplemented", 503: "serviceUnavailable"}
#: Statuses from 500 up whose text may be shown: they say what to do, not how the code broke.
_SHOWN = {501, 503, 507}
#: Characters of a message: what it repeats of a request may be as long as the request.
_LONGEST = 1000
#: What Python says of a number whose text is too long to be read.
_DIGITS = "for integer string conversion"
_MALFORMED = ("The server could not comply with the request since it is either malformed or otherwise incorrect. "
              "The client is assumed to be in error.")


def answer(error, req):
    """The Answer for ``error``, in the shape of the service that ``req`` was for."""
    if isinstance(error, OverflowError) or _DIGITS in str(error):
        LOG.warning("%s: a number of the request went too far", req.request_id, exc_info=True)
        error = exceptions.TooLargeNumber()
    if not isinstance(error, exceptions.NovaLiteError) or not _may_be_shown(error):
        LOG.exception("%s %s failed (%s)", req.environ.get("REQUEST_METHOD"), shown_path(req.environ), req.request_id)
        return req.dialect.fault(500, _unexpected(req), None, req)
    if error.public:
        LOG.warning("%s: %s", req.request_id, error)
    made = req.dialect.fault(error.status, brief(error.public or str(error), _LONGEST), error, req)
    if getattr(error, "retry_after", None) is not None:
        made.headers = [*made.headers, ("Retry-After", str(error.retry_after))]
    return made


def _may_be_shown(error):
    return error.status < 500 or error.status in _SHOWN or error.text_is_public


def compute(status, message, error, req):
    if status == 401:
        return _challenge(Answer({"error": {"code": 401, "title": "Unauthorized", "message": message}}, 401), req)
    fault = {"code": status, "message": message}
    if status in (413, 429) and getattr(error, "retry_after", None) is not None:
        fault["retryAfter"] = str(error.retry_after)
    return Answer({_COMPUTE_NAMES.get(status, "computeFault"): fault}, status,
                  content_type="application/json; charset=UTF-8")


def identity(status, message, error, req):
    if isinstance(error, exceptions.PolicyNotAuthorized):
        message = f"You are not authorized to perform the requested action: {error.action}."
    if status == 500:
        message = f"An unexpected error prevented the server from fulfilling your request. ({req.request_id})"
    made = Answer({"error": {"code": status, "message": message, "title": _title(status)}}, status)
    return _challenge(made, req) if status == 401 else made


def network(status, message, error, req):
    if status == 401:
        return compute(status, message, error, req)
    kind = "HTTP" + _title(status).replace(" ", "")
    if status == 500:
        kind = "HTTPInternalServerError"
    elif error is not None and type(error) not in _BRANCHES and not isinstance(error, exceptions.ValidationError):
        kind = type(error).__name__
    return Answer({"NeutronError": {"type": kind, "message": message, "detail": ""}}, status)


def image(status, message, error, req):
    if status == 401:
        return _challenge(page(401, None, req.environ), req)
    return page(status, message, req.environ)


def page(status, message, environ, headers=()):
    """WebOb's own page for a status: HTML, JSON or plain text, as the client accepts.  None: its standard text."""
    error = webob.exc.status_map.get(status, webob.exc.HTTPInternalServerError)()
    if message is not None:
        setattr(error, "detail" if status == 415 else "explanation", message)       # WebOb explains 415 itself
    sent = []
    body = b"".join(error.generate_response(environ, lambda _status, pairs, _exc_info=None: sent.extend(pairs)))
    return Answer(body, status, headers, content_type=dict(sent)["Content-Type"])


def malformed(what):
    """Keystone's 400 for a request without something it needs."""
    return exceptions.BadRequest(f"Expecting to find {what}. {_MALFORMED}")


def _challenge(made, req):
    made.headers = [*made.headers, ("WWW-Authenticate", f'Keystone uri="{req.root_url}/identity/v3"')]
    return made


def _unexpected(req):
    return f"Unexpected API Error. Give the operator of this cloud the id of the request: {req.request_id}"


def _title(status):
    return "Request Entity Too Large" if status == 413 else http.HTTPStatus(status).phrase


_BRANCHES = {kind for kind in vars(exceptions).values()
             if isinstance(kind, type) and kind.__base__ is exceptions.NovaLiteError and "status" in vars(kind)}
