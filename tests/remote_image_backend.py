"""The image facade's backend for the image service in tests.remote_image_service, as a package of somebody else's would
bring it: by HTTP, outside of transactions.
"""

import contextlib
import datetime
import io
import operator
import os
import types
import urllib.parse

from nova_lite.common import exceptions, unit_of_work
from nova_lite.common.context import RequestContext
from nova_lite.common.visibility import ALL
from nova_lite.image import changes
from nova_lite.image.api import BOOTABLE, Query
from nova_lite.objects.server import Image
from tests import remote_services
from tests.remote_services import Client

#: Where the service is, in the environment.
URL = "NOVA_LITE_TEST_IMAGE_SERVICE"
TIMEOUT = 2.0       # seconds
_OPERATORS = {"eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt,
              "lte": operator.le, "in": lambda value, wanted: value in wanted}


class Backend:
    """:param client: None: of the service that the environment names.  :param url: where hosts reach it; None: there.
    """

    embedded = False
    timeout = TIMEOUT
    members = None

    def __init__(self, client=None, url=None):
        self._url = url or os.environ[URL]
        self._client = client or Client(self._url, TIMEOUT)
        self.verbs = {"reserve_image": ReserveImage(self), "discard_image": DiscardImage(self),
                      "rotate_backups": RotateBackups(self)}

    # ---- for the REST API

    def show(self, context, image_id):
        row = self._row(image_id)
        if not _visible(context, row):
            raise exceptions.ImageNotFound(f"No image found with ID {image_id}", image_id=image_id)
        return row

    def list(self, context, query=None):
        query = query or Query()
        found = [row for row in self._rows() if _visible(context, row) and _matches(row, query)]
        for name, descending in reversed(query.sort):
            found.sort(key=lambda row: (getattr(row, name) is not None, getattr(row, name)), reverse=descending)
        if query.marker is not None:
            ids = [row.id for row in found]
            if query.marker not in ids:
                raise exceptions.BadRequest(f"No image found with ID {query.marker}")
            found = found[ids.index(query.marker) + 1:]
        return found[:query.limit]

    def find(self, context, name):
        found = self.list(context, Query(where=(("name", "eq", name), ("status", "eq", "active")), limit=1))
        return found[0] if found else None

    def usage(self, context):
        return {}

    def create(self, context, values):
        return self._made(context, values)

    def update(self, context, image_id, wanted):
        return self._change(context, image_id, lambda row: changes.apply(row, wanted))

    def add_tag(self, context, image_id, tag):
        self._change(context, image_id, lambda row: {"tags": [*(each for each in row.tags if each != tag), tag]})

    def remove_tag(self, context, image_id, tag):
        self._change(context, image_id, lambda row: {"tags": [each for each in row.tags if each != tag]})

    def set_active(self, context, image_id, active):
        self._change(context, image_id, lambda row: {"status": "active" if active else "deactivated"})

    def _change(self, context, image_id, decide):
        values = decide(self.show(context, image_id))
        return _row(self._client.ask("PUT", f"/images/{image_id}", **values)) if values else self._row(image_id)

    def delete(self, context, image_id):
        self.show(context, image_id)
        try:
            self._client.ask("DELETE", f"/images/{image_id}")
        except exceptions.Forbidden as error:
            raise exceptions.Forbidden(f"Image {image_id} is protected and cannot be deleted.") from error

    def upload(self, context, image_id, source, length=None, confirm=None):
        image = self.show(context, image_id)
        data = b"".join(iter(lambda: source.read(1 << 20), b""))
        if confirm is not None:
            confirm()
        self._client.send(f"/images/{image.id}/file", data)

    def download(self, context, image_id):
        image = self.show(context, image_id)
        has_data = image.status == "active"
        return image, io.BytesIO(self._client.fetch(f"/images/{image.id}/file")) if has_data else None

    # ---- for start-up

    def import_file(self, context, path, **values):
        row = self._made(context, {"container_format": "bare", "visibility": "private", **values})
        try:
            with open(path, "rb") as file:
                self._client.send(f"/images/{row.id}/file", file.read())
        except exceptions.NovaLiteError:
            self.discard(row.id)
            raise
        return self._row(row.id)

    def recover(self):
        """This cloud has nothing of its images."""

    # ---- for servers

    def for_server(self, context, image_id):
        try:
            row = self.show(context, image_id)
        except exceptions.ImageNotFound:
            raise exceptions.ImageNotFound(image_id=image_id) from None
        if row.status != "active":
            raise exceptions.ImageNotActive(image_id=image_id)
        if row.disk_format not in BOOTABLE:
            raise exceptions.ImageUnacceptable(image_id=image_id, reason=f"servers do not boot from {row.disk_format}.")
        return self._image(row, checksum=row.os_hash_value, hash_algo=row.os_hash_algo)

    def target(self, row):
        return self._image(row, checksum=None, hash_algo=None)

    def _image(self, row, **values):
        return Image.make(
            id=row.id, name=row.name, disk_format=row.disk_format, size=row.size or 0, virtual_size=row.virtual_size,
            min_disk=row.min_disk, min_ram=row.min_ram, properties=row.properties, path=None, token=None,
            url=f"{self._url}/images/{row.id}/file", **values)

    def describe(self, image_ids):
        unit_of_work.check_outside("describe")
        return {row.id: row for row in self._rows() if row.id in image_ids} if image_ids else {}

    def marked(self):
        found = {}
        for each in self._client.ask("GET", "/images"):
            if each["marker"]:
                found.setdefault(each["marker"], []).append(each["id"])
        return found

    # ---- for the verbs

    def adopted_or_made(self, marker, context, values):
        found = self.of_marker(marker)
        return found[0] if found else self._made(context, values | {"marker": marker}).id

    def of_marker(self, marker):
        return [each["id"] for each in self._client.ask("GET", f"/images?{urllib.parse.urlencode({'marker': marker})}")]

    def siblings(self, image_id, wanted):
        """Ids, newest first, as the embedded service's; its own one is gone where there are none."""
        rows = {row.id: row for row in self._rows()}
        if image_id not in rows:
            return []
        found = [row for row in rows.values() if row.project_id == rows[image_id].project_id
                 and wanted.items() <= row.properties.items()]
        return [row.id for row in sorted(found, key=lambda row: row.created_at, reverse=True)]

    def discard(self, image_id):
        with contextlib.suppress(exceptions.NotFound, exceptions.Forbidden):    # gone, or protected by its owner
            self._client.ask("DELETE", f"/images/{image_id}")

    # ---- rows

    def _made(self, context, values):
        return _row(self._client.ask("POST", "/images", **{"project_id": context.project_id, **values}))

    def _rows(self):
        return [_row(each) for each in self._client.ask("GET", "/images")]

    def _row(self, image_id):
        try:
            return _row(self._client.ask("GET", f"/images/{image_id}"))
        except exceptions.NotFound as error:
            raise exceptions.ImageNotFound(f"No image found with ID {image_id}", image_id=image_id) from error


def _row(thing):
    moments = {name: datetime.datetime.fromisoformat(thing[made]).replace(tzinfo=None)
               for name, made in (("created_at", "made_at"), ("updated_at", "changed_at"))}
    return types.SimpleNamespace(**thing, **moments)


def _visible(context, row):
    return (context.visible_project is ALL or "service" in context.roles or row.visibility in ("public", "community")
            or row.project_id == context.own_project)


def _matches(row, query):
    return (all(_OPERATORS[how](getattr(row, name), value) for name, how, value in query.where)
            and set(query.tags) <= set(row.tags)
            and all(row.properties.get(name) == value for name, value in query.properties)
            and query.visibility in (None, "all", row.visibility))


class ReserveImage:
    """As the embedded service's."""

    def __init__(self, images):
        self._images = images

    def do(self, marker, arguments):
        context = RequestContext.from_dict(arguments["context"])
        return {"image_id": self._images.adopted_or_made(marker, context, arguments["values"])}

    def undo(self, marker, arguments):
        for each in self._images.of_marker(marker):
            self._images.discard(each)


class DiscardImage:
    def __init__(self, images):
        self._images = images

    def undo(self, marker, arguments):
        self._images.discard(arguments["image_id"])


class RotateBackups:
    def __init__(self, images):
        self._images = images

    def undo(self, marker, arguments):
        found = self._images.siblings(arguments["image_id"], {
            "image_type": "backup", "backup_type": arguments["backup_type"], "instance_uuid": arguments["server_id"]})
        for each in found[arguments["rotation"]:]:
            self._images.discard(each)


# ---- a cloud of processes that uses it

#: What its configuration says.
OPTIONS = "[image]\nbackend = remote\n"


def environment(directory, url):
    """What processes have where this backend is installed.

    :param directory: an empty one.  :param url: of the service.
    """
    return {URL: url, **remote_services.installed(directory, "image", f"{__name__}:Backend")}
