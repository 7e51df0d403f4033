"""The pages of the noVNC proxy: noVNC's own files, nothing outside their folder, and a small page of ours."""

import importlib.resources
import os
import sys

_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
          ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".mp3": "audio/mpeg",
          ".oga": "audio/ogg", ".ttf": "font/ttf", ".woff": "font/woff", ".woff2": "font/woff2", ".map": "text/plain"}
_OURS = ("vnc_lite.html", "vnc_auto.html", "vnc.html")
_PLACES = (os.path.join(sys.prefix, "share", "novnc"), "/usr/local/share/novnc", "/usr/share/novnc")
MISSING = (b"noVNC is not installed on this machine: there is no core/rfb.js in %s.\n"
           b"Install it (Debian's package is novnc) or set [vnc] novnc_dir.\n")


class Pages:
    """:param folder: where noVNC is; "" looks in the usual places."""

    def __init__(self, folder):
        self._folder = os.path.realpath(folder) if folder else _find()
        ours = importlib.resources.files(__package__).joinpath("page.html").read_bytes()
        self._ours = dict.fromkeys(_OURS, ours)

    @property
    def complete(self):
        return self._folder is not None and os.path.isfile(os.path.join(self._folder, "core", "rfb.js"))

    def get(self, path):
        """(status, content type, bytes) of a URL's path."""
        name = path.lstrip("/") or "vnc_lite.html"
        if not self.complete:
            places = self._folder or ", ".join(_PLACES)
            return 404, "text/plain", MISSING % places.encode()
        if name in self._ours:
            return 200, _TYPES[".html"], self._ours[name]
        whole = os.path.realpath(os.path.join(self._folder, name.replace("\0", "")))
        kind = _TYPES.get(os.path.splitext(whole)[1])
        if kind is None or not whole.startswith(self._folder + os.sep) or not os.path.isfile(whole):
            return 404, "text/plain", b"There is no such page.\n"
        with open(whole, "rb") as file:
            return 200, kind, file.read()


def _find():
    return next((os.path.realpath(each) for each in _PLACES if os.path.isdir(each)), None)


class NoPages:
    """The serial proxy has none."""

    @staticmethod
    def get(_path):
        return 404, "text/plain", b"This is a websocket for serial consoles; there are no pages here.\n"
