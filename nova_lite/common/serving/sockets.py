"""What both servers do with sockets and applications."""

import logging
import socket
import sys

from nova_lite.common import exceptions

LOG = logging.getLogger(__name__)
# In the environ:
STREAM = "nova_lite.stream"     # a callable by which an application says that the body is a stream
ASIDE = "nova_lite.aside"       # a callable that gives a context in which a request that waits has no thread's turn


def prepared(each, backlog=1024):
    """A bound socket, listening."""
    if each.family != socket.AF_UNIX:
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)      # accepted ones inherit it
    each.listen(backlog)
    if isinstance(each, socket.socket):
        return each
    # Bound before the standard library was patched (by a parent process): its accept would stop every green thread.
    return socket.socket(each.family, each.type, each.proto, fileno=each.detach())


class Broken(ValueError):
    """A body is not in the chunks that it says it is in."""


def guarded(app, broken=Broken):
    """Log what the application itself did not catch, and say that a chunked body ends by itself.

    :param broken: what the server raises from reading a body that is broken.
    """
    def answer(environ, start_response):
        environ["wsgi.errors"] = _ERRORS
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            environ["wsgi.input_terminated"] = True
        try:
            return app(environ, start_response)
        except exceptions.RequestTimeout:
            return _refusal(start_response, "408 Request Timeout")
        except Exception as error:
            if isinstance(error, ConnectionError | broken) or (type(error) is OSError and error.errno is None):
                return _refusal(start_response, "400 Bad Request")      # the client's doing
            LOG.exception("%a %a was not answered", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            raise
    return answer


def _refusal(start_response, status):
    start_response(status, [("Content-Length", "0")], sys.exc_info())
    return []


class _Errors:
    """``wsgi.errors``: a file whose lines are lines of the log."""

    @staticmethod
    def write(text):
        if text.strip():
            LOG.error("%s", text.rstrip())
        return len(text)

    def writelines(self, lines):
        for each in lines:
            self.write(each)

    @staticmethod
    def flush():
        """Every line is in the log already."""


_ERRORS = _Errors()
