"""Whose pages may open a console and show its page in a frame (RFC 6454; CSP's frame-ancestors)."""

import urllib.parse

from nova_lite.conf import CONF

_PORTS = {"http": 80, "https": 443}
_AS_PAGE = {"ws": "http", "wss": "https"}


class Origins:
    """:param base_url: under which browsers reach this proxy, or "" where that is not configured."""

    def __init__(self, base_url=""):
        self._own = _own(base_url)

    def allow(self, headers):
        """Whether the page that asks may: it is the proxy's own, or of an allowed origin.

        :param headers: {lower name: value}.  What is no browser sends no Origin and needs none.
        """
        text = headers.get("origin")
        if text is None:
            return True
        page = _parts(text)
        if page is None:
            return False
        own = self._own or _parts(f"{page[0]}://{headers.get('host', '')}")
        return page == own or any(_matches(page, each) for each in CONF.console.allowed_origins)

    def ancestors(self):
        """The sources of a frame-ancestors directive."""
        own = [f"{self._own[0]}://{_host(self._own[1])}:{self._own[2]}"] if self._own else []
        return " ".join(["'self'", *own, *(source for each in CONF.console.allowed_origins
                                          for source in _sources(each))])


def _own(base_url):
    url = urllib.parse.urlsplit(base_url)
    return _parts(urllib.parse.urlunsplit((_AS_PAGE.get(url.scheme, url.scheme), url.netloc, "", "", "")))


def _parts(text):
    """(scheme, host, port) of an origin; None where it is none."""
    try:
        url = urllib.parse.urlsplit(text)
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    if url.hostname is None or url.scheme not in _PORTS:
        return None
    return url.scheme, url.hostname, port


def _matches(page, allowed):
    if "://" in allowed:
        return page == _parts(allowed)
    url = urllib.parse.urlsplit(f"//{allowed}")
    return page[1] == url.hostname and url.port in (None, page[2])


def _sources(allowed):
    if "://" in allowed:
        return [allowed]
    port = "" if urllib.parse.urlsplit(f"//{allowed}").port else ":*"
    return [f"{scheme}://{allowed}{port}" for scheme in _PORTS]


def _host(name):
    return f"[{name}]" if ":" in name else name
