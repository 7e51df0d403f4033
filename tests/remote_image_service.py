"""An image service of somebody else's, in memory: images and their bytes, by ids that it chooses."""

import copy
import datetime
import hashlib
import uuid

from tests.remote_services import Refused, Service

_NEW = {"name": None, "project_id": None, "status": "queued", "visibility": "shared", "disk_format": None,
        "container_format": None, "size": None, "virtual_size": None, "checksum": None, "os_hash_algo": None,
        "os_hash_value": None, "min_disk": 0, "min_ram": 0, "protected": False, "os_hidden": False, "properties": {},
        "tags": [], "marker": None}


class ImageService(Service):
    """:ivar data: {image id: bytes}."""

    def __init__(self):
        super().__init__()
        self.data = {}

    def copy(self):
        """Another one that knows the same."""
        return copy.deepcopy(self)

    @property
    def images(self):
        return list(self.things.values())

    def _get(self, kind, *rest, query=""):
        if not rest:
            return super()._get(kind, query)
        found = self._known(rest[0])
        if rest[1:] != ("file",):
            return found
        if found["status"] != "active":
            raise Refused(403, f"Image {rest[0]} is {found['status']}.")
        return self.data[rest[0]]

    def _post(self, kind, query, **values):
        made = {"kind": kind, "id": str(uuid.uuid4()), "made_at": _now(), "changed_at": _now(),
                **copy.deepcopy(_NEW), **values}
        self.things[made["id"]] = made
        return made

    def _put(self, kind, image_id, *rest, query="", **values):
        found = self._known(image_id)
        if rest == ("file",):
            return self._filled(found, values["data"])
        found.update(values, changed_at=_now())
        return found

    def _filled(self, image, data):
        if image["status"] != "queued":
            raise Refused(409, f"Image {image['id']} is {image['status']}.")
        self.data[image["id"]] = data
        image.update(status="active", size=len(data), checksum=hashlib.md5(data, usedforsecurity=False).hexdigest(),
                     os_hash_algo="sha512", os_hash_value=hashlib.sha512(data).hexdigest(), changed_at=_now())

    def _delete(self, kind, image_id, query):
        if self._known(image_id)["protected"]:
            raise Refused(403, f"Image {image_id} is protected.")
        del self.things[image_id]
        self.data.pop(image_id, None)

    def _known(self, image_id):
        if image_id not in self.things:
            raise Refused(404, f"Image {image_id} could not be found.")
        return self.things[image_id]


def _now():
    return datetime.datetime.now(datetime.UTC).isoformat()
