"""The request a controller gets: WebOb's, plus who asks, which version is spoken, and parsed bodies and queries."""

import re
from urllib.parse import parse_qsl

import orjson
from webob.request import BaseRequest

from nova_lite.api.wsgi import microversion
from nova_lite.common import exceptions, integers
from nova_lite.conf import CONF

_UNREAD = object()
_DEEPEST = 100          # lists and objects within each other; orjson writes no more than 254
_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,262}")
#: The one secret that this API's paths carry.
_TOKEN = re.compile("(/os-console-auth-tokens/).+", re.DOTALL)


class Request(BaseRequest):
    """One request to one service.

    ``context`` is the caller's RequestContext (an empty one on public routes), ``version`` the compute microversion
    (None for other services), ``dialect`` how the service speaks, ``request_id`` its id, ``old`` whether it came by
    the service's older path.
    """

    def __init__(self, environ, dialect, request_id):
        super().__init__(environ)
        values = self.__dict__
        values["dialect"] = dialect
        values["request_id"] = request_id
        values["context"] = None
        values["version"] = None
        values["old"] = False
        values["_body_json"] = _UNREAD
        values["_query"] = None

    def at_least(self, text):
        """Whether the request speaks microversion ``text`` ("2.19") or a later one."""
        return self.version >= microversion.parse(text)

    def stands_for(self, request_id):
        """This request repeats an earlier one: the answer carries that one's id, under which its work is recorded."""
        self.__dict__["request_id"] = request_id

    @property
    def raw_body(self):
        """The body's bytes, read once and never more than allowed.

        :raises TooLarge: it is longer than max_request_body_size.
        """
        if "_raw" not in self.__dict__:
            self.__dict__["_raw"] = _read(self.environ)
        return self._raw

    @property
    def stream(self):
        """The body as it comes, with ``read(size)``, for methods whose body is not limited in size."""
        return _Stream(self.environ["wsgi.input"])

    @property
    def body_json(self):
        """The parsed body; None where it is empty.

        :raises BadRequest: it is not JSON.
        """
        if self._body_json is _UNREAD:
            self.__dict__["_body_json"] = self.dialect.parse_body(self)
        return self._body_json

    @property
    def query(self):
        """The query string as {name: [values]}; after ``@validation.query`` only what the schema names."""
        if self._query is None:
            self.__dict__["_query"] = parse_query(self.environ.get("QUERY_STRING", ""))
        return self._query

    def parse_anew(self):
        """Forget what was made of body and query: whoever was given it may have taken it apart."""
        self.__dict__["_body_json"] = _UNREAD
        self.__dict__["_query"] = None

    def narrow_body(self, body):
        self.__dict__["_body_json"] = body

    def narrow_query(self, query):
        self.__dict__["_query"] = query

    @property
    def root_url(self):
        """What every service's URL begins with: "http://host:8774"."""
        return root_url(self.environ)

    @property
    def base_url(self):
        """What this service's links begin with: "http://host:8774/compute/v2.1"."""
        return f"{self.root_url}/{self.dialect.mount}/{self.dialect.old_path if self.old else self.dialect.path}"


class _Stream:
    """A body whose faults are its sender's: what is not in chunks though it says so, or ends too early."""

    def __init__(self, source):
        self._source = source

    def read(self, size):
        """:raises BadRequest:"""
        try:
            return self._source.read(size)
        except exceptions.RequestTimeout:
            raise
        except (OSError, ValueError, OverflowError) as error:      # what the HTTP servers raise
            raise exceptions.BadRequest(f"The request body is malformed, or ended too early: {error}.") from error


def parse_query(text):
    """:raises BadRequest: it is not UTF-8."""
    if not text:
        return {}
    found = {}
    try:
        for name, value in parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000):
            found.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise exceptions.BadRequest("Query string is not UTF-8 encoded") from error
    except ValueError as error:
        raise exceptions.BadRequest("The query string has too many fields.") from error
    return found


def root_url(environ):
    """The URL of this API: as configured, or as the request's Host header (or a trusted proxy's) has it."""
    if CONF.api.public_endpoint:
        return CONF.api.public_endpoint.rstrip("/")
    scheme = environ["wsgi.url_scheme"]
    host = environ.get("HTTP_HOST", "")
    prefix = environ.get("SCRIPT_NAME", "").rstrip("/")
    if CONF.api.trust_proxy_headers:
        scheme = _first(environ, "HTTP_X_FORWARDED_PROTO") or scheme
        host = _first(environ, "HTTP_X_FORWARDED_HOST") or host
        prefix = _first(environ, "HTTP_X_FORWARDED_PREFIX").rstrip("/") or prefix
    if not _HOST.fullmatch(host):
        host = f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{scheme}://{host}{prefix}"


def remote_address(environ):
    """The client's address as text; behind a trusted proxy, the one it names first."""
    if CONF.api.trust_proxy_headers:
        return _first(environ, "HTTP_X_FORWARDED_FOR") or environ.get("REMOTE_ADDR")
    return environ.get("REMOTE_ADDR")


def shown_path(environ):
    """The path as logs may have it: whoever reads them must not be able to open a console."""
    return printable(_TOKEN.sub(r"\1***", environ.get("PATH_INFO", "")))


def printable(text):
    """``text`` on one line: what a client wrote must neither write log lines of its own nor speak to a terminal."""
    return text if text.isprintable() else ascii(text)


def loads(raw):
    """Parse JSON bytes.

    :raises ValueError: they are not JSON, or deeper than what is kept can be.
    """
    parsed = orjson.loads(raw)
    if raw.count(b"[") + raw.count(b"{") > _DEEPEST and _is_deep(parsed):
        raise ValueError(f"more than {_DEEPEST} lists or objects within each other")
    return parsed


def _is_deep(parsed):
    level, depth = [parsed], 0
    while level and depth <= _DEEPEST:
        level = [inner for each in level if isinstance(each, list | dict)
                 for inner in (each.values() if isinstance(each, dict) else each)]
        depth += 1
    return bool(level)


def content_length(environ):
    """The declared length in bytes, or the nearest that a computer can count; None where there is none.

    :raises BadRequest: it is not a number.
    """
    text = environ.get("CONTENT_LENGTH")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise exceptions.BadRequest("Content-Length is not valid.")
    return integers.within(text, integers.MOST_BIG)


def too_large():
    return exceptions.TooLarge("Request is too large. Larger than max_request_body_size "
                              f"({CONF.api.max_request_body_size}).")


def _read(environ):
    length, limit = content_length(environ), CONF.api.max_request_body_size
    if length is None and not environ.get("HTTP_TRANSFER_ENCODING") and not environ.get("wsgi.input_terminated"):
        return b""
    if length is not None and length > limit:
        raise too_large()
    wanted = limit + 1 if length is None else length
    raw = _Stream(environ["wsgi.input"]).read(wanted) if wanted else b""
    if length is None and len(raw) > limit:
        raise too_large()
    if length is not None and len(raw) < length:
        raise exceptions.BadRequest("The request body ended too early.")
    return raw


def _first(environ, key):
    return environ.get(key, "").split(",")[0].strip()
