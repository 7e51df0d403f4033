"""A host gives the image service what it copied from a guest."""

import contextlib
import http.client
import json
import os
import urllib.parse

from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF

_TRIES = 30             # seconds that a service which is away, or still busy with a broken upload, is asked again


class Uploads:
    @staticmethod
    def put(image, path):
        """Send the file at ``path`` as the data of ``image`` (objects.Image with url and token).

        :raises ImageUploadFailed: the image service would not have it, or is out of reach.
        """
        for _ in range(_TRIES):
            try:
                status = _send(image, path)
                if status == 204 or (status == 409 and _is_active(image)):
                    return
                reason = f"the image service answered {status}"
                final = status < 500 and status != 409
            except (OSError, http.client.HTTPException) as error:
                reason, final = error, False
            if final:
                break
            concurrency.sleep(1)
        raise _failed(image, reason)


def _is_active(image):
    """Whether an earlier upload came to its end after all, its answer lost."""
    with contextlib.closing(_connect(image)) as connection:
        connection.request("GET", urllib.parse.urlsplit(image.url).path.removesuffix("/file"),
                           headers={"X-Auth-Token": image.token})
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["status"] == "active"


def _send(image, path):
    with contextlib.closing(_connect(image)) as connection, open(path, "rb") as file:
        connection.request("PUT", urllib.parse.urlsplit(image.url).path, body=file, headers={
            "X-Auth-Token": image.token, "Content-Type": "application/octet-stream",
            "Content-Length": str(os.fstat(file.fileno()).st_size)})
        return connection.getresponse().status


def _connect(image):
    url = urllib.parse.urlsplit(image.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    return kind(url.hostname, url.port, timeout=CONF.image.download_idle_timeout)


def _failed(image, reason):
    return exception.ImageUploadFailed(host=CONF.host, image_id=image.id, reason=reason)
