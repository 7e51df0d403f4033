"""Copy a guest's disk into an image."""

from oslo_utils import strutils

from nova_lite.image.upload import Uploads
from nova_lite.objects.states import Task


class Snapshot:
    def __init__(self, running, driver):
        self._running = running
        self._driver = driver
        self._uploads = Uploads()

    def snapshot_server(self, context, operation_id):
        with self._running.job(context, operation_id) as job:
            self.copy(job)
            job.power_state = self._driver.power.state(job.server.id)

    def backup_server(self, context, operation_id):
        """Copy as for a snapshot; the conductor then deletes the oldest backups."""
        self.snapshot_server(context, operation_id)

    def copy(self, job):
        """Fill ``job.image`` with the guest's disk, unless an earlier attempt has."""
        server_id = job.server.id
        job.undo.callback(self._driver.snapshot.drop, server_id)
        if not job.image.size:
            path = job.do("snapshot", self._driver.snapshot.take, server_id, _must_be_quiet(job.server), job.cancelled,
                          task=Task.SNAPSHOT)
            job.do("upload", self._uploads.put, job.image, path, job.cancelled, task=Task.UPLOADING)
        job.do("tidy", self._driver.snapshot.drop, server_id)


def _must_be_quiet(server):
    properties = server.image.properties if server.image else {}
    return strutils.bool_from_string(properties.get("os_require_quiesce", "no"))
