"""Build a guest on this host: network, image, disk and domain, each undone when a later one fails."""

import logging

from nova_lite.common import exceptions
from nova_lite.compute.tasks import spec
from nova_lite.compute.tasks.start import Start
from nova_lite.conf import CONF
from nova_lite.objects.states import Task

LOG = logging.getLogger(__name__)
_GIB = 1 << 30
_MIN_AGE = 300      # seconds for which a cached image is kept even when another does not fit on the disk


class Build:
    def __init__(self, running, driver, network, images):
        self._running = running
        self._driver = driver
        self._network = network
        self._images = images
        self._start = Start(driver)

    def build_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            server = job.server
            vifs = job.do("network", self._network.plug, server.nics, server, task=Task.NETWORKING,
                          undo=(self._network.unplug, server.nics))
            base = fetch(job, job.server.image, self._driver, self._images)
            guest = self._start.paused(spec.guest(server, vifs, *base, config_drive=spec.config_drive(server)))
            job.do("spawn", self._driver.build.spawn, guest, task=Task.SPAWNING,
                   undo=(self._driver.build.destroy, server.id))
            self._start.resume(job, guest)
            job.check()
            job.power_state = self._driver.power.state(server.id)


def fetch(job, image, driver, images):
    """(path, format) of ``image`` (objects.Image) in this host's cache, downloaded where it is missing.

    (None, None) where ``image`` is None or the driver needs no images.
    """
    if image is None or not driver.image_cache:
        return None, None
    return job.do("image", _fetch, job, image, driver, images)


def _fetch(job, image, driver, images):
    _check_size(image, job.server.flavor)
    try:
        return images.fetch(image, job.cancelled)
    except exceptions.NoSpace:
        removed = images.prune({*job.images_in_use(), image.id}, min(CONF.image.cache_min_age, _MIN_AGE),
                               driver.host.bases())
        if not removed:
            raise
        LOG.info("Removed from the image cache to free disk space: %s", ", ".join(removed))
    return images.fetch(image, job.cancelled)


def _check_size(image, flavor):
    needed = max(image.virtual_size or image.size, image.min_disk * _GIB)
    if flavor.root_gb and flavor.root_gb * _GIB < needed:
        raise exceptions.DiskTooSmall(flavor_bytes=flavor.root_gb * _GIB, image_bytes=needed)
