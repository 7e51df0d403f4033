"""The image service of our own: rows in the database, files in the store, bytes judged while they arrive."""

import contextlib
import functools
import logging
import os

from nova_lite import db
from nova_lite.common import concurrency, exception
from nova_lite.conf import CONF
from nova_lite.db import images
from nova_lite.db.base import new_id, now
from nova_lite.image import changes
from nova_lite.image.members import Members
from nova_lite.image.receive import CHUNK, HASH, Receiver
from nova_lite.image.store import Store
from nova_lite.objects.server import Image

LOG = logging.getLogger(__name__)

#: Disk formats that a server boots from.
BOOTABLE = frozenset({"qcow2", "raw"})
_STEP = 60.0            # seconds one touch of the disk may take


class Embedded:
    """The image door when no Glance is configured.  ``members`` shares images between projects."""

    def __init__(self, store=None):
        self.store = store or Store()
        self.members = Members(self.show)

    # ---- reading

    def show(self, context, image_id):
        """The image's row (columns of db.models.images.Image).

        :raises ImageNotFound: it is not there, or not for these eyes.
        """
        with db.reader() as s:
            image = images.get(s, image_id)
            if image is None or not _visible(s, context, image):
                raise _not_found(image_id)
        return image

    def list(self, context, query=None):
        """Rows that ``query`` (db.images.Query) finds.

        :raises BadRequest: its marker is not an image.
        """
        query = query or images.Query(limit=CONF.image.max_page_size)
        with db.reader() as s:
            if query.marker is not None:
                marker = images.get(s, query.marker)
                if marker is None or not _visible(s, context, marker):
                    raise exception.BadRequest(f"No image found with ID {query.marker}")
            return images.page(s, images.Viewer(context.project_id, context.is_admin), query)

    def siblings(self, session, image_id, wanted, limit):
        """Rows of the images that have these (name, value) properties and the owner of one of them, newest first; none
        where that one is gone.
        """
        one = images.get(session, image_id)
        if one is None:
            return []
        query = images.Query(where=(("project_id", "eq", one.project_id),), properties=wanted, visibility="all",
                             limit=limit)
        return images.page(session, images.Viewer(None, True), query)

    def find(self, context, name):
        """The newest active image of that name, or None."""
        found = self.list(context, images.Query(where=(("name", "eq", name), ("status", "eq", "active")), limit=1))
        return found[0] if found else None

    def for_server(self, context, image_id):
        """What hosts need to boot from an image, as objects.Image; ``token`` is None.

        :raises ImageNotFound: it is not there, or not for these eyes.
        :raises ImageNotActive: it has no data yet, or is deactivated.
        :raises ImageUnacceptable: nothing boots from its format.
        """
        try:
            row = self.show(context, image_id)
        except exception.ImageNotFound:
            raise exception.ImageNotFound(image_id=image_id) from None
        if row.status != "active":
            raise exception.ImageNotActive(image_id=image_id)
        if row.disk_format not in BOOTABLE or row.container_format != "bare":
            raise exception.ImageUnacceptable(image_id=image_id, reason=f"servers do not boot from disk format "
                                              f"{row.disk_format} in container format {row.container_format}.")
        return Image.make(
            id=row.id, name=row.name, disk_format=row.disk_format, size=row.size, virtual_size=row.virtual_size,
            checksum=row.os_hash_value, hash_algo=row.os_hash_algo, min_disk=row.min_disk, min_ram=row.min_ram,
            properties=row.properties, path=self.store.path(row.id), url=_file_url(row.id), token=None)

    def target(self, row):
        """objects.Image of an image that a host shall fill with a server's disk; ``token`` is None."""
        return Image.make(
            id=row.id, name=row.name, disk_format=row.disk_format, size=row.size or 0, virtual_size=row.virtual_size,
            checksum=None, hash_algo=None, min_disk=row.min_disk, min_ram=row.min_ram, properties=row.properties,
            path=None, url=_file_url(row.id), token=None)

    # ---- changing what is known of an image

    def create(self, context, values):
        """Register an image without data; ``values`` as its columns, those not given as the model has them.

        :raises Conflict: its id is or was another's.
        :raises TooLarge: more tags or properties than allowed.
        """
        values = _new(context, values)
        with db.writer() as s:
            images.insert(s, values)
            return images.get(s, values["id"])

    def update(self, context, image_id, wanted):
        """Apply ``wanted``, a list of changes.Change, all or none; returns the new row.

        :raises Conflict: a property to replace or remove is not there.
        :raises Forbidden: what only a queued image may change.
        """
        return self._change(context, image_id, lambda image: wanted)

    def add_tag(self, context, image_id, tag):
        """Harmless when it is there already."""
        self._change(context, image_id, lambda image: [] if tag in image.tags else [_tags([*image.tags, tag])])

    def remove_tag(self, context, image_id, tag):
        """:raises NotFound: the image does not have it."""
        def without(image):
            if tag not in image.tags:
                raise exception.NotFound
            return [_tags([each for each in image.tags if each != tag])]
        self._change(context, image_id, without)

    @staticmethod
    def _change(context, image_id, decide):
        """Apply what ``decide(row)`` wants, decided and done in one transaction."""
        with db.writer() as s:
            image = _held(s, context, image_id)
            values = changes.apply(image, decide(image))
            if values:
                changes.check(values)
                images.update(s, image_id, values)
            return images.get(s, image_id)

    def set_active(self, context, image_id, active):
        """Forbid (False) or allow again (True) to use an image's data; what is so already stays so.

        :raises Forbidden: it has no data yet.
        """
        verb, wanted = ("reactivate", "active") if active else ("deactivate", "deactivated")
        with db.writer() as s:
            image = _held(s, context, image_id)
            if image.status not in ("active", "deactivated"):
                raise exception.Forbidden(f"Not allowed to {verb} image in status '{image.status}'")
            images.update(s, image_id, {"status": wanted})

    def delete(self, context, image_id):
        """Delete an image and its data; an upload that is under way ends in 410.

        :raises Forbidden: it is protected.
        """
        with db.writer() as s:
            if _held(s, context, image_id).protected:
                raise exception.Forbidden(f"Image {image_id} is protected and cannot be deleted.")
            self._delete(s, image_id)

    def discard(self, session, image_id):
        """Delete, within the caller's transaction, an image that was made for an operation and is of no use any more.

        One that is gone, or that somebody protects meanwhile, is left as it is.
        """
        image = images.get(session, image_id, lock=True)
        if image is not None and not image.protected:
            self._delete(session, image_id)

    def _delete(self, session, image_id):
        """Its file goes last: a transaction may be undone, a file that is gone is gone."""
        images.delete(session, image_id)
        db.afterwards(session, functools.partial(self._remove_file, image_id))

    def _remove_file(self, image_id):
        try:
            concurrency.native(self.store.delete, image_id, deadline=_STEP, what="deleting an image's file")
        except (OSError, exception.DeadlineExceeded, exception.Unavailable):
            LOG.exception("The file of image %s is left to the next sweep", image_id)

    # ---- data

    def upload(self, context, image_id, source, length=None):
        """Take an image's data from ``source.read(n)``; it is active when this returns, else queued as before.

        :param length: bytes that will come, or None where nobody said.
        :raises Conflict: it has data, or gets it from somebody else.
        :raises ImageTooBig, ImageStoreFull: (413) more than allowed, or than there is room for.
        :raises ImageStoreClosed: (503) the store cannot be written to.
        :raises ImageRejected: (415) it is not of its disk_format, or not safe.
        """
        image = self.show(context, image_id)
        missing = [name for name in ("disk_format", "container_format") if getattr(image, name) is None]
        if missing:
            raise exception.BadRequest(f"Properties {', '.join(missing)} must be set prior to saving data.")
        limit = self._limit(length or 0)
        with self.store.incoming(image.id) as file:
            self._begin(image.id)
            try:
                received = self._receive(file, Receiver(file, image.disk_format, limit), source, length)
                concurrency.native(self.store.keep, image.id, file, deadline=_STEP, what="keeping an image")
                self._activate(image, received)
            except BaseException:       # a killed green thread too: the image must not stay "saving"
                self._abandoned(image.id)
                raise

    def _limit(self, length):
        free = self.store.free()
        if length > CONF.image.max_size:
            raise exception.ImageTooBig(limit=CONF.image.max_size)
        if length > free:
            raise exception.ImageStoreFull
        return min(CONF.image.max_size, free)

    @staticmethod
    def _receive(file, receiver, source, length):
        try:
            return receiver.take(source, length)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.ftruncate(file.fileno(), 0)      # what comes next needs room, perhaps on this very disk
            if isinstance(error, exception.ImageTooBig) and error.limit < CONF.image.max_size:
                raise exception.ImageStoreFull from None
            raise

    @staticmethod
    def _begin(image_id):
        with db.writer() as s:
            if not images.update(s, image_id, {"status": "saving"}, status="queued"):
                image = images.get(s, image_id)
                if image is None:
                    raise _not_found(image_id)
                raise exception.Conflict(f"Image status transition from {image.status} to saving is not allowed")

    def _activate(self, image, received):
        with db.writer() as s:
            done = images.update(s, image.id, _active(received), status="saving")
        if not done:
            raise exception.Gone(f"Image {image.id} could not be found after upload. It was deleted meanwhile.")

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
            raise exception.Forbidden("The requested image has been deactivated. Image data download is forbidden.")
        if image.status not in ("active", "deactivated"):
            return image, None
        try:
            return image, open(self.store.path(image.id), "rb")
        except FileNotFoundError:
            raise exception.NotFound(f"The data of image {image_id} could not be found.") from None

    def import_file(self, context, path, **values):
        """Register the file at ``path`` as a new, active image; ``values`` as of ``create`` (name, disk_format, ...).

        :raises ImageRejected: as upload; nothing is left of it then.
        """
        image = _new(context, {"container_format": "bare", "visibility": "private", **values})
        size = os.path.getsize(path)
        with self.store.incoming(image["id"]) as file, open(path, "rb") as source:
            received = self._receive(file, Receiver(file, image["disk_format"], self._limit(size)), source, size)
            concurrency.native(self.store.keep, image["id"], file, deadline=_STEP, what="keeping an image")
            with db.writer() as s:      # where this fails, the file is one without an image, and the next sweep's
                images.insert(s, image | _active(received))
                return images.get(s, image["id"])

    def recover(self):
        """Uploads that a dead process left become queued again, files without an image go.

        Called when an API process starts and every ``[image] sweep_interval`` seconds: its own work and that of other
        living processes is left alone.
        """
        with db.reader() as s:
            saving = images.with_status(s, "saving")
        alive = concurrency.native(self.store.sweep, deadline=_STEP, what="sweeping the image store")
        for image_id in saving - alive:             # asked in this order: who was saving then holds a lock by now
            if self.store.at_rest(image_id):
                LOG.warning("The upload of image %s was cut off; the image waits for data again", image_id)
                self._abandon(image_id)
        self._remove_strays(concurrency.native(self.store.ids, deadline=_STEP, what="reading the image store"))

    def _remove_strays(self, ids):
        strays = self._unknown(ids)
        strays = {each for each in strays if self.store.at_rest(each)}
        for image_id in self._unknown(strays):      # an import may have ended before it was found at rest
            LOG.warning("Removing the file of image %s, which does not exist", image_id)
            concurrency.native(self.store.delete, image_id, deadline=_STEP, what="deleting an image's file")

    @staticmethod
    def _unknown(ids):
        if not ids:
            return set()
        with db.reader() as s:
            return ids - images.ids(s)


class FileStream:
    """An open file's bytes from ``start``, ``length`` of them, as a WSGI answer; disk reads stay off the main loop."""

    def __init__(self, file, start, length):
        self._file = file
        self._left = length
        file.seek(start)

    def __iter__(self):
        while self._left > 0:
            chunk = concurrency.native(self._file.read, min(CHUNK, self._left), deadline=_STEP, what="reading an image")
            if not chunk:
                return
            self._left -= len(chunk)
            yield chunk

    def close(self):
        self._file.close()


def _visible(session, context, image):
    """Whether this identity may know of the image.  Hosts may: they fetch what somebody was allowed to boot."""
    if context.is_admin or "service" in context.roles or image.visibility in ("public", "community"):
        return True
    if context.project_id is None:
        return False
    return image.project_id == context.project_id or (
        image.visibility == "shared" and images.member(session, image.id, context.project_id) is not None)


def _held(session, context, image_id):
    """The row, to be changed in this transaction.  :raises ImageNotFound: it is not there, or not for these eyes."""
    image = images.get(session, image_id, lock=True)
    if image is None or not _visible(session, context, image):
        raise _not_found(image_id)
    return image


def _new(context, values):
    """All columns of a new image from those that are given.  :raises TooLarge: more tags or properties than allowed."""
    moment = now()
    values = {"id": new_id(), "project_id": context.project_id, "created_at": moment, "updated_at": moment,
              "tags": [], "properties": {}, **values}
    changes.check(values)
    return values


def _active(received):
    """The columns that change when an image has its data."""
    return {"status": "active", "size": received.size, "virtual_size": received.virtual_size,
            "checksum": received.hashes["md5"], "os_hash_algo": HASH, "os_hash_value": received.hashes[HASH]}


def _tags(wanted):
    return changes.Change("replace", "tags", wanted)


def _not_found(image_id):
    return exception.ImageNotFound(f"No image found with ID {image_id}", image_id=image_id)


def _file_url(image_id):
    base = CONF.image.url or CONF.api.public_endpoint and CONF.api.public_endpoint.rstrip("/") + "/image"
    return f"{base or f'http://{CONF.my_ip}:{CONF.api.port}/image'}/v2/images/{image_id}/file"
