"""Images through the compute API, up to 2.35: the image service's, in Nova's form."""

import contextlib

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import quotas
from nova_lite.image import changes


class ImageProxy:
    """Rows are those of the image facade.  Each method raises ImageMissing where there is no such image."""

    def __init__(self, image):
        self._image = image

    def list(self, context, query):
        """:raises BadRequest: the marker is no image."""
        return self._image.list(context, query)

    def get(self, context, image_id):
        with _words(image_id):
            return self._image.show(context, image_id)

    def delete(self, context, image):
        """:raises Forbidden: it is protected."""
        with _words(image.id):
            self._image.delete(context, image.id)

    def merge(self, context, image, items):
        """Add or change metadata; return all of it.  :raises Forbidden: a name is reserved, or there are too many."""
        return self._write(context, image, {**image.properties, **items}, items)

    def replace(self, context, image, items):
        """Replace all metadata; return it."""
        return self._write(context, image, items, items)

    def remove(self, context, image, name):
        with _words(image.id):
            self._image.update(context, image.id, [changes.Change("remove", name)])

    def _write(self, context, image, wanted, given):
        _check_names(given)
        with db.reader() as session:
            limit = quotas.limits(session, context.project_id)["metadata_items"]
        if 0 <= limit < len(wanted):
            raise exceptions.ImageMetadataLimitExceeded
        steps = [changes.Change("remove", name) for name in image.properties if name not in wanted]
        steps += [changes.Change("add", name, value) for name, value in given.items()]
        with _words(image.id):
            return self._image.update(context, image.id, steps).properties if steps else image.properties


def _check_names(items):
    """Refuse names of Glance's attributes: metadata must not change an image's visibility, for instance."""
    for name in items:
        changes.refuse_reserved(name)
        if name in changes.BASE:
            raise exceptions.Forbidden(f"Attribute '{name}' is reserved.")


@contextlib.contextmanager
def _words(image_id):
    try:
        yield
    except exceptions.ImageNotFound as error:
        raise exceptions.ImageMissing(image_id=image_id) from error
