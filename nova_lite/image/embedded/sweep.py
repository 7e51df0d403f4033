"""What crashes left: uploads that ended half, files without an image, images without their file."""

import logging
import os

from nova_lite import db
from nova_lite.common import concurrency
from nova_lite.db import drifts, images
from nova_lite.image.embedded import rows
from nova_lite.image.embedded.catalog import Catalog
from nova_lite.objects.drift import Finding

LOG = logging.getLogger(__name__)


class Sweep(Catalog):
    """Puts right what it can and reports the rest as drift."""

    def __init__(self, store=None):
        super().__init__(store)
        self._reported = None       # the findings that this process has written last; None: none yet

    def recover(self):
        """Uploads that a dead process left become queued again, files of deleted images go, unknown ones are set aside.

        Called when an API process starts and every ``[image] sweep_interval`` seconds: its own work and that of other
        living processes is left alone.
        """
        with db.reader() as s:
            saving = images.with_status(s, "saving")
        unsettled = concurrency.native(self.store.unsettled, deadline=rows.STEP, what="reading the image store")
        for image_id, path in unsettled.items():
            self._undo(image_id, path)
        alive = concurrency.native(self.store.sweep, deadline=rows.STEP, what="sweeping the image store")
        for image_id in saving - alive:             # asked in this order: who was saving then holds a lock by now
            if self.store.at_rest(image_id):
                LOG.warning("The upload of image %s was cut off; the image waits for data again", image_id)
                self._cut_off(image_id)
        present = concurrency.native(self.store.ids, deadline=rows.STEP, what="reading the image store")
        self._remove_strays(present)
        self._report(present)

    def _undo(self, image_id, path):
        """Drop the file of an upload that was cut off between its file and its image, which waits for data again.

        :param path: the other name of the file, which the upload would have removed had its image become active.
        """
        with db.writer() as s:
            image = images.get(s, image_id, lock=True)
            if image is None or image.status != "saving" or not self.store.is_of(image_id, path):
                return
            images.update(s, image_id, {"status": "queued"}, status="saving")
            self.store.delete(image_id)             # here, where no new upload can begin
        LOG.warning("The upload of image %s was cut off at its end; the image waits for data again", image_id)

    def _cut_off(self, image_id):
        """The image waits for data again; its file, whole or not, may be of a later database."""
        with db.writer() as s:
            if images.update(s, image_id, {"status": "queued"}, status="saving"):
                self._set_aside(image_id)           # here, where no new upload can begin

    def _remove_strays(self, ids):
        """Files of deleted images go; what was never seen here is set aside."""
        strays = self._unknown(ids)
        strays = {each for each in strays if self.store.at_rest(each)}
        strays = self._unknown(strays)              # an import may have ended before it was found at rest
        if not strays:
            return
        with db.reader() as s:
            deleted = images.tombstones(s, strays)
        for image_id in sorted(deleted):
            LOG.warning("Removing the file of image %s, which is deleted", image_id)
            concurrency.native(self.store.delete, image_id, deadline=rows.STEP, what="deleting an image's file")
        for image_id in sorted(strays - deleted):
            self._set_aside(image_id)

    def _set_aside(self, image_id):
        path = concurrency.native(self.store.set_aside, image_id, deadline=rows.STEP,
                                  what="setting an image's file aside")
        if path:
            LOG.warning("The file of image %s, of which the database does not know, is now %s", image_id, path)

    def _report(self, present):
        """Record what is in quarantine, and which images have lost their files, as drift."""
        found = [Finding.of("image_file_unknown", os.path.basename(path), f"{size} bytes: {path}")
                 for path, size in self.store.quarantined()]
        with db.reader() as s:
            lost = images.with_data(s) - present
        lost = {each for each in lost if not os.path.exists(self.store.path(each))}
        with db.reader() as s:
            found += [Finding.of("image_file_missing", each, self.store.path(each))
                      for each in sorted(lost & images.with_data(s))]
        report = {(*each.key, each.detail) for each in found}
        if report != self._reported:
            with db.writer(relaxed=True) as s:
                drifts.record(s, drifts.IMAGES, found)
                drifts.looked(s, drifts.IMAGES, 0.0)
            self._reported = report

    @staticmethod
    def _unknown(ids):
        if not ids:
            return set()
        with db.reader() as s:
            return ids - images.ids(s)
