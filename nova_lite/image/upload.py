"""A host gives the image service what it copied from a guest."""

import contextlib
import http.client
import os
import urllib.parse

from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF

_TRIES = 30             # seconds; an upload of ours that broke off is noticed there within them


class Uploads:
    @staticmethod
    def put(image, path):
        """Send the file at ``path`` as the data of ``image`` (objects.Image with url and token).

        :raises ImageUploadFailed: the image service would not have it, or is out of reach.
        """
        for attempt in range(_TRIES):
            try:
                status = _send(image, path)
            except (OSError, http.client.HTTPException) as error:
                raise _failed(image, error) from error
            if status == 204:
                return
            if status != 409 or attempt == _TRIES - 1:
                raise _failed(image, f"the image service answered {status}")
            concurrency.sleep(1)


def _send(image, path):
    url = urllib.parse.urlsplit(image.url)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname, url.port, timeout=CONF.image.download_idle_timeout)
    with contextlib.closing(connection), open(path, "rb") as file:
        connection.request("PUT", url.path, body=file, headers={
            "X-Auth-Token": image.token, "Content-Type": "application/octet-stream",
            "Content-Length": str(os.fstat(file.fileno()).st_size)})
        return connection.getresponse().status


def _failed(image, reason):
    return exception.ImageUploadFailed(host=CONF.host, image_id=image.id, reason=reason)
