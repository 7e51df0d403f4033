"""Images as the database knows them: finding, changing and deleting them."""

import functools
import logging

from nova_lite import db
from nova_lite.common import concurrency, exceptions
from nova_lite.conf import CONF
from nova_lite.db import images
from nova_lite.image import changes, limits
from nova_lite.image.embedded import rows
from nova_lite.image.members import Members
from nova_lite.image.store import Store

LOG = logging.getLogger(__name__)


class Catalog:
    """Rows of images.  ``members`` shares images between projects.

    :param store: where the data are; None: below the state directory.
    """

    def __init__(self, store=None):
        self.store = store or Store()
        self.members = Members(self.show)

    def show(self, context, image_id):
        """The image's row (columns of db.models.images.Image).

        :raises ImageNotFound: it is not there, or not visible to the caller.
        """
        with db.reader() as s:
            image = images.get(s, image_id)
            if image is None or not rows.visible(s, context, image):
                raise rows.not_found(image_id)
        return image

    def list(self, context, query=None):
        """Rows that ``query`` (db.images.Query) finds.

        :raises BadRequest: its marker is not an image.
        """
        query = query or images.Query(limit=CONF.image.max_page_size)
        with db.reader() as s:
            if query.marker is not None:
                marker = images.get(s, query.marker)
                if marker is None or not rows.visible(s, context, marker):
                    raise exceptions.BadRequest(f"No image found with ID {query.marker}")
            return images.page(s, images.Viewer(context.own_project, context.visible_project), query)

    def find(self, context, name):
        """The newest active image of that name, or None."""
        found = self.list(context, images.Query(where=(("name", "eq", name), ("status", "eq", "active")), limit=1))
        return found[0] if found else None

    @staticmethod
    def usage(context):
        """{name: {"limit", "usage"}} of the caller's project, as limits.usage has it."""
        with db.reader() as s:
            return limits.usage(s, context.project_id)

    def create(self, context, values):
        """Register an image without data; ``values`` as its columns, those not given as the model has them.

        :raises Conflict: its id is or was another's.
        :raises TooLarge: more tags or properties than allowed, or more images of the project.
        """
        values = rows.new(context, values)
        with db.writer() as s:
            limits.take_image(s, values["project_id"])
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
        self._change(context, image_id, lambda image: [] if tag in image.tags else [rows.tags([*image.tags, tag])])

    def remove_tag(self, context, image_id, tag):
        """:raises NotFound: the image does not have it."""
        def without(image):
            if tag not in image.tags:
                raise exceptions.NotFound
            return [rows.tags([each for each in image.tags if each != tag])]
        self._change(context, image_id, without)

    @staticmethod
    def _change(context, image_id, decide):
        """Apply what ``decide(row)`` wants, decided and done in one transaction."""
        with db.writer() as s:
            image = rows.held(s, context, image_id)
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
            image = rows.held(s, context, image_id)
            if image.status not in ("active", "deactivated"):
                raise exceptions.Forbidden(f"Not allowed to {verb} image in status '{image.status}'")
            images.update(s, image_id, {"status": wanted})

    def delete(self, context, image_id):
        """Delete an image and its data; an upload that is under way ends in 410.

        :raises Forbidden: it is protected.
        """
        with db.writer() as s:
            if rows.held(s, context, image_id).protected:
                raise exceptions.Forbidden(f"Image {image_id} is protected and cannot be deleted.")
            self._delete(s, image_id)

    def _delete(self, session, image_id):
        """Its file goes last: a transaction may be undone, a file that is gone is gone."""
        images.delete(session, image_id)
        db.afterwards(session, functools.partial(self._remove_file, image_id))

    def _remove_file(self, image_id):
        try:
            concurrency.native(self.store.delete, image_id, deadline=rows.STEP, what="deleting an image's file")
        except (OSError, exceptions.DeadlineExceeded, exceptions.Unavailable):
            LOG.exception("The file of image %s is left to the next sweep", image_id)
