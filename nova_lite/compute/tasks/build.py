"""Build a guest on this host: network, image, disk and domain, each undone when a later one fails."""

import logging

from nova_lite.common import exception
from nova_lite.compute.tasks import spec
from nova_lite.conf import CONF
from nova_lite.objects.states import Task

LOG = logging.getLogger(__name__)
_GIB = 1 << 30
_YOUNG = 300        # seconds that a cached image is kept even when there is no room for another


class Build:
    def __init__(self, running, driver, network, images):
        self._running = running
        self._driver = driver
        self._network = network
        self._images = images

    def build_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            job.step("network", Task.NETWORKING)
            job.undo.callback(self._network.unplug, server.nics)
            vifs = self._network.plug(server.nics, server)
            base = fetch(job, job.server.image, self._driver, self._images)
            job.step("spawn", Task.SPAWNING)
            job.undo.callback(self._driver.build.destroy, server.id)
            self._driver.build.spawn(spec.guest(server, vifs, *base, config_drive=spec.config_drive(server)))
            job.check()
            job.power_state = self._driver.power.state(server.id)


def fetch(job, image, driver, images):
    """``image`` as (path, format) in this host's cache; (None, None) where guests need none."""
    if image is None or not driver.image_cache:
        return None, None
    job.step("image")
    _check_size(image, job.server.flavor)
    try:
        return images.fetch(image, job.cancelled)
    except exception.NoSpace:
        removed = images.prune({*job.images_in_use(), image.id}, min(CONF.image.cache_min_age, _YOUNG))
        if not removed:
            raise
        LOG.info("Removed from the image cache, to make room: %s", ", ".join(removed))
    return images.fetch(image, job.cancelled)


def _check_size(image, flavor):
    needed = max(image.virtual_size or image.size, image.min_disk * _GIB)
    if flavor.root_gb and flavor.root_gb * _GIB < needed:
        raise exception.DiskTooSmall(flavor_bytes=flavor.root_gb * _GIB, image_bytes=needed)
