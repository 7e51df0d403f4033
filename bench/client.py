"""A plain HTTP client with kept-alive connections, one a thread, and the calls that the benchmarks make."""

import http.client
import json
import threading
import urllib.parse

_local = threading.local()


def request(method, url, body=None, headers=None):
    """``(status, headers, bytes)``; a kept-alive connection that the server closed is opened again once.

    :param body: what becomes JSON, or bytes that are sent as they are.
    """
    parts = urllib.parse.urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if payload else {}
    sent |= headers or {}
    kept = _local.__dict__.setdefault("kept", {})
    for attempt in (1, 2):
        connection = kept.get(parts.netloc)
        if connection is None:
            connection = kept[parts.netloc] = http.client.HTTPConnection(parts.netloc, timeout=120)
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (http.client.HTTPException, OSError):
            connection.close()
            del kept[parts.netloc]
            if attempt == 2:
                raise
    return None


class Refused(Exception):
    """An answer that is not a success."""


class Api:
    """A cloud's API as one user.

    :param url: "http://127.0.0.1:8774".
    """

    def __init__(self, url, user, password, project):
        self.url = url
        self._asking = {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": "default"}, "password": password}}},
            "scope": {"project": {"name": project, "domain": {"id": "default"}}}}}
        status, headers, raw = self.issue()
        self.token = headers["X-Subject-Token"]
        self.project_id = json.loads(raw)["token"]["project"]["id"]

    def issue(self):
        """Ask for a token."""
        answer = request("POST", f"{self.url}/identity/v3/auth/tokens", self._asking)
        if answer[0] != 201:
            raise Refused(f"token: {answer[0]} {answer[2][:300]!r}")
        return answer

    def raw(self, method, path, body=None):
        """The body of an answer as bytes.  :raises Refused: its status is 400 or more."""
        status, _, raw = request(method, self.url + path, body, {"X-Auth-Token": self.token})
        if status >= 400:
            raise Refused(f"{method} {path}: {status} {raw[:300]!r}")
        return raw

    def get(self, path):
        return json.loads(self.raw("GET", path))

    def upload(self, name, content):
        """A public qcow2 image of these bytes; its id.  Only administrators may."""
        image = json.loads(self.raw("POST", "/image/v2/images", {
            "name": name, "disk_format": "qcow2", "container_format": "bare", "visibility": "public"}))
        status, _, raw = request("PUT", f"{self.url}/image/v2/images/{image['id']}/file", content,
                                 {"X-Auth-Token": self.token, "Content-Type": "application/octet-stream"})
        if status != 204:
            raise Refused(f"upload: {status} {raw[:300]!r}")
        return image["id"]

    def servers(self, query="limit=1000"):
        return self.get(f"/compute/v2.1/servers?{query}")["servers"]

    def is_gone(self, server_id):
        status, _, _ = request("GET", f"{self.url}/compute/v2.1/servers/{server_id}",
                               headers={"X-Auth-Token": self.token})
        return status == 404
