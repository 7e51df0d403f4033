"""Data of images: inspected while they arrive, kept in the store, and read."""

import contextlib
import functools
import logging
import os

from nova_lite import db
from nova_lite.common import concurrency, exceptions, unit_of_work
from nova_lite.conf import CONF
from nova_lite.db import images
from nova_lite.image import limits
from nova_lite.image.embedded import rows
from nova_lite.image.embedded.catalog import Catalog
from nova_lite.image.receive import CHUNK, Receiver

LOG = logging.getLogger(__name__)


class Data(Catalog):
    """Uploads, downloads and imports."""

    def upload(self, context, image_id, source, length=None, confirm=None):
        """Take an image's data from ``source.read(n)``; it is active when this returns, else queued as before.

        :param length: bytes that will come, or None where nobody said.
        :param confirm: called in the transaction that makes it active, hours later perhaps; raises where whoever sends
            the data may not do that any more.
        :raises Conflict: it has data, or gets it from somebody else.
        :raises TooLarge, ImageTooBig, ImageStoreFull: (413) more than the project or anybody may have, or than there is
            space for.
        :raises ImageStoreClosed: (503) the store cannot be written to.
        :raises ImageRejected: (415) it is not of its disk_format, or not safe.
        """
        image = self.show(context, image_id)
        missing = [name for name in ("disk_format", "container_format") if getattr(image, name) is None]
        if missing:
            raise exceptions.BadRequest(f"Properties {', '.join(missing)} must be set prior to saving data.")
        limit = self._limit(length or 0)
        with self.store.incoming(image.id) as file:
            left = self._begin(image, length or 0)
            try:
                receiver = Receiver(file, image.disk_format, limit if left is None else min(limit, left))
                received = self._receive(file, receiver, (source, length), functools.partial(_too_big, image, left))
                concurrency.native(self.store.keep, image.id, file, deadline=rows.STEP, what="keeping an image")
                self._activate(image, received, confirm)
                self.store.settle(file)
            except BaseException:       # a killed green thread too: the image must not stay "saving"
                self._abandoned(image.id)
                raise

    def _limit(self, length):
        free = self.store.free()
        if length > CONF.image.max_size:
            raise exceptions.ImageTooBig(limit=CONF.image.max_size)
        if length > free:
            raise exceptions.ImageStoreFull
        return min(CONF.image.max_size, free)

    @staticmethod
    def _receive(file, receiver, stream, too_big):
        """Received.  :param stream: (source, length).  :param too_big: makes the error of more bytes than a limit."""
        try:
            return receiver.take(*stream)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), 0)      # what comes next needs space, perhaps on this very disk
            if isinstance(error, exceptions.ImageTooBig):
                raise too_big(error.limit) from None
            raise

    @staticmethod
    def _begin(image, size):
        """The bytes that the project's quota has left; None: any number."""
        with db.writer() as s:
            left = limits.take_upload(s, image.project_id, size)
            if not images.update(s, image.id, {"status": "saving"}, status="queued"):
                now = images.get(s, image.id)
                if now is None:
                    raise rows.not_found(image.id)
                raise exceptions.Conflict(f"Image status transition from {now.status} to saving is not allowed")
            return left

    def _activate(self, image, received, confirm):
        with unit_of_work.together():
            with db.writer() as s:
                limits.take_bytes(s, image.project_id, received.size)
                done = images.update(s, image.id, rows.active(received), status="saving")
            if not done:
                raise exceptions.Gone(f"Image {image.id} could not be found after upload. It was deleted meanwhile.")
            if confirm is not None:
                confirm()

    def _abandoned(self, image_id):
        try:
            self._abandon(image_id)
        except Exception:
            LOG.exception("The upload of image %s broke off and is left to the next sweep", image_id)

    def _abandon(self, image_id):
        """The image waits for data again.  One that is active after all, its commit's answer lost, stays so."""
        with db.writer() as s:
            if images.update(s, image_id, {"status": "queued"}, status="saving") or images.get(s, image_id) is None:
                self.store.delete(image_id)         # here, where no new upload can begin

    def download(self, context, image_id):
        """(row, open file) of an image's data, or (row, None) while it has none; the caller closes it.

        :raises Forbidden: it is deactivated.
        """
        image = self.show(context, image_id)
        if image.status == "deactivated" and not context.is_admin:
            raise exceptions.Forbidden("The requested image has been deactivated. Image data download is forbidden.")
        if image.status not in ("active", "deactivated"):
            return image, None
        try:
            return image, open(self.store.path(image.id), "rb")
        except FileNotFoundError:
            raise exceptions.NotFound(f"The data of image {image_id} could not be found.") from None

    def import_file(self, context, path, **values):
        """Register the file at ``path`` as a new, active image; ``values`` as of ``create`` (name, disk_format, ...).

        :raises ImageRejected: as upload; nothing is left of it then.
        """
        image = rows.new(context, {"container_format": "bare", "visibility": "private", **values})
        size = os.path.getsize(path)
        with self.store.incoming(image["id"]) as file, open(path, "rb") as source:
            receiver = Receiver(file, image["disk_format"], self._limit(size))
            received = self._receive(file, receiver, (source, size), functools.partial(_too_big, None, None))
            concurrency.native(self.store.keep, image["id"], file, deadline=rows.STEP, what="keeping an image")
            with db.writer() as s:      # where this fails, the file is one without an image, and the next sweep's
                limits.take_image(s, image["project_id"])
                limits.take_bytes(s, image["project_id"], received.size)
                images.insert(s, image | rows.active(received))
                imported = images.get(s, image["id"])
            self.store.settle(file)
            return imported


class FileStream:
    """An open file's bytes from ``start``, ``length`` of them, as a WSGI answer; disk reads stay off the main loop."""

    def __init__(self, file, start, length):
        self._file = file
        self._left = length
        file.seek(start)

    def __iter__(self):
        while self._left > 0:
            chunk = concurrency.native(self._file.read, min(CHUNK, self._left), deadline=rows.STEP,
                                       what="reading an image")
            if not chunk:
                return
            self._left -= len(chunk)
            yield chunk

    def close(self):
        self._file.close()


def _too_big(image, left, limit):
    """What is said of an upload with more bytes than ``limit``; ``left`` is what its project had left, None: any."""
    if left is not None and limit == left:
        with db.reader() as s:
            return limits.too_many_bytes(image.project_id, images.usage(s, image.project_id).size, left + 1)
    return exceptions.ImageTooBig(limit=limit) if limit >= CONF.image.max_size else exceptions.ImageStoreFull()
