"""A host gives the image service what it copied from a guest."""

import http.client
import json
import os

from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF
from nova_lite.image import line

_TRIES = 30             # seconds that a service which is away, or still busy with a broken upload, is asked again


class Uploads:
    @staticmethod
    def put(image, path, cancelled=None):
        """Send the file at ``path`` as the data of ``image`` (objects.Image with url and token).

        :param cancelled: a callable; once it answers True, Cancelled is raised instead of going on.
        :raises ImageUploadFailed: the image service would not have it, or is out of reach.
        """
        for _ in range(_TRIES):
            line.check(image, cancelled)
            try:
                status = _send(image, path, cancelled)
                if status == 204 or (status == 409 and _is_active(image)):
                    return
                reason = f"the image service answered {status}"
                final = status < 500 and status != 409
            except (OSError, http.client.HTTPException) as error:
                reason, final = error, False
            if final:
                break
            concurrency.sleep(1)
        line.check(image, cancelled)
        raise _failed(image, reason)


def _is_active(image):
    """Whether an earlier upload came to its end after all, its answer lost."""
    with line.to(image) as (connection, path):
        connection.request("GET", path.removesuffix("/file"), headers={"X-Auth-Token": image.token})
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["status"] == "active"


def _send(image, path, cancelled):
    with line.to(image, cancelled) as (connection, target), open(path, "rb") as file:
        connection.request("PUT", target, body=file, headers={
            "X-Auth-Token": image.token, "Content-Type": "application/octet-stream",
            "Content-Length": str(os.fstat(file.fileno()).st_size)})
        return connection.getresponse().status


def _failed(image, reason):
    return exception.ImageUploadFailed(host=CONF.host, image_id=image.id, reason=reason)
