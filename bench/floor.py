"""The floor: a bare WebOb application on eventlet.wsgi that answers the same bytes and does nothing else.

``python -m bench.floor DIRECTORY`` serves each file of DIRECTORY at its name on a free port of 127.0.0.1, and prints
the URL.
"""

import os
import subprocess
import sys

_BODIES = {}


def application(environ, start_response):
    import webob
    request = webob.Request(environ)
    response = webob.Response(body=_BODIES[request.path_info], content_type="application/json")
    return response(environ, start_response)


def main(directory):
    import eventlet
    import eventlet.wsgi
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            _BODIES[f"/{name}"] = file.read()
    listening = eventlet.listen(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    eventlet.wsgi.server(listening, application, log_output=False)


class Floor:
    """The application in a process of its own.  :ivar url, pid:"""

    def __init__(self, directory):
        self._process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "bench.floor", directory],
                                         stdout=subprocess.PIPE, text=True,
                                         cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.url = self._process.stdout.readline().strip()
        self.pid = self._process.pid

    def stop(self):
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    main(sys.argv[1])
