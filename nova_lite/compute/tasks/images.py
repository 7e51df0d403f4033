"""Download images before a server needs them."""

import logging

from nova_lite.common import concurrency, exceptions

LOG = logging.getLogger(__name__)


class Images:
    """:param cache: image.cache.ImageCache; None where the driver needs no images."""

    def __init__(self, cache):
        self._cache = cache

    def cache_images(self, context, images):
        """Start to download [objects.Image]; one that fails is downloaded when a server needs it."""
        if self._cache is not None:
            concurrency.spawn(self._fetch, images)

    def _fetch(self, images):
        for each in images:
            try:
                self._cache.fetch(each)
            except (exceptions.ImageFetchFailed, exceptions.NoSpace) as error:
                LOG.warning("Image %s was not cached ahead: %s", each.id, error)
