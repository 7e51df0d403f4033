"""The API as a WSGI callable, built by the first request; ``nova_lite.cmd.wsgi`` is where servers are pointed.

``factory`` says how; a process's start-up code sets it, so that importing this module costs and changes nothing.
"""

import threading

#: Returns the finished application.
factory = None

_built = None
_lock = threading.Lock()


def application(environ, start_response):
    global _built
    if _built is None:
        with _lock:
            if _built is None:
                _built = _build()
    return _built(environ, start_response)


def _build():
    if factory is None:
        raise RuntimeError("nova_lite.api.wsgi.application.factory is not set: nobody said how to build the API")
    return factory()
