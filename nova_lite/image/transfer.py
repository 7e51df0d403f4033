"""A host's line to the image service, which is cut as soon as nobody wants any more what goes over it."""

import contextlib
import functools
import http.client
import socket
import urllib.parse

from nova_lite.common import concurrency, exceptions
from nova_lite.conf import CONF

_LOOK = 0.3             # seconds between looks at ``cancelled``


class TryAgain(Exception):
    """A transfer failed in a way that another may not; its text says why."""


#: What a transfer may raise that another try may not.
PASSING = TryAgain, OSError, http.client.HTTPException


@contextlib.contextmanager
def to(image, cancelled=None):
    """An http.client connection to where ``image`` (objects.Image) is, and the path there.

    :param cancelled: a callable; once it answers True the connection is cut, which shows as a lost connection.
    """
    url = urllib.parse.urlsplit(image.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=CONF.image.download_idle_timeout)
    with contextlib.closing(connection):
        connection.connect()
        with _watched(connection.sock, cancelled):
            yield connection, url.path + (f"?{url.query}" if url.query else "")


@contextlib.contextmanager
def _watched(line, cancelled):
    if cancelled is None:
        yield
        return
    watch = concurrency.every(_LOOK, functools.partial(_look, line, cancelled))
    try:
        yield
    finally:
        watch.stop(0)


def _look(line, cancelled):
    if cancelled():
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def check(image, cancelled):
    """:raises Cancelled: nobody wants the image's bytes any more."""
    if cancelled is not None and cancelled():
        raise exceptions.Cancelled(f"Moving the bytes of image {image.id} was cancelled.")
