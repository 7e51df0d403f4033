"""A host gives the image service what it copied from a guest."""

import functools
import itertools
import json
import os

from nova_lite.common import exceptions, retry
from nova_lite.conf import CONF
from nova_lite.image import transfer

_TRIES = 30             # seconds that a service which is away, or still busy with a broken upload, is asked again


class Uploads:
    @staticmethod
    def put(image, path, cancelled=None):
        """Send the file at ``path`` as the data of ``image`` (objects.Image with url and token).

        :param cancelled: a callable; once it answers True, Cancelled is raised instead of going on.
        :raises ImageUploadFailed: the image service would not have it, or is out of reach.
        """
        try:
            retry.after_errors(functools.partial(_try, image, path, cancelled), transfer.PASSING,
                               itertools.repeat(1, _TRIES - 1))
        except transfer.PASSING as error:
            transfer.check(image, cancelled)
            raise _failed(image, error) from error


def _try(image, path, cancelled):
    transfer.check(image, cancelled)
    status = _send(image, path, cancelled)
    if status == 204 or (status == 409 and _is_active(image)):
        return
    reason = f"the image service answered {status}"
    if status >= 500 or status == 409:
        raise transfer.TryAgain(reason)
    transfer.check(image, cancelled)
    raise _failed(image, reason)


def _is_active(image):
    """Whether an earlier upload came to its end after all, its answer lost."""
    with transfer.to(image) as (connection, path):
        connection.request("GET", path.removesuffix("/file"), headers={"X-Auth-Token": image.token})
        answer = connection.getresponse()
        return answer.status == 200 and json.loads(answer.read())["status"] == "active"


def _send(image, path, cancelled):
    with transfer.to(image, cancelled) as (connection, target), open(path, "rb") as file:
        connection.request("PUT", target, body=file, headers={
            "X-Auth-Token": image.token, "Content-Type": "application/octet-stream",
            "Content-Length": str(os.fstat(file.fileno()).st_size)})
        return connection.getresponse().status


def _failed(image, reason):
    return exceptions.ImageUploadFailed(host=CONF.host, image_id=image.id, reason=reason)
