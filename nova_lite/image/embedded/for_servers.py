"""Images as servers need them: to boot from, to be filled with a disk, in a rotation of backups."""

from nova_lite import db
from nova_lite.common import exceptions
from nova_lite.db import images
from nova_lite.image.embedded import rows
from nova_lite.image.embedded.catalog import Catalog
from nova_lite.image.embedded.verbs import DiscardImage, ReserveImage, RotateBackups
from nova_lite.objects.server import Image

#: Disk formats that a server boots from.
BOOTABLE = frozenset({"qcow2", "raw"})


class ForServers(Catalog):
    """What compute asks."""

    def for_server(self, context, image_id):
        """What hosts need to boot from an image, as objects.Image; ``token`` is None.

        :raises ImageNotFound: it is not there, or not visible to the caller.
        :raises ImageNotActive: it has no data yet, or is deactivated.
        :raises ImageUnacceptable: nothing boots from its format.
        """
        try:
            row = self.show(context, image_id)
        except exceptions.ImageNotFound:
            raise exceptions.ImageNotFound(image_id=image_id) from None
        if row.status != "active":
            raise exceptions.ImageNotActive(image_id=image_id)
        if row.disk_format not in BOOTABLE or row.container_format != "bare":
            raise exceptions.ImageUnacceptable(image_id=image_id, reason=f"servers do not boot from disk format "
                                              f"{row.disk_format} in container format {row.container_format}.")
        return Image.make(
            id=row.id, name=row.name, disk_format=row.disk_format, size=row.size, virtual_size=row.virtual_size,
            checksum=row.os_hash_value, hash_algo=row.os_hash_algo, min_disk=row.min_disk, min_ram=row.min_ram,
            properties=row.properties, path=self.store.path(row.id), url=rows.file_url(row.id), token=None)

    def target(self, row):
        """objects.Image of an image that a host shall fill with a server's disk; ``token`` is None."""
        return Image.make(
            id=row.id, name=row.name, disk_format=row.disk_format, size=row.size or 0, virtual_size=row.virtual_size,
            checksum=None, hash_algo=None, min_disk=row.min_disk, min_ram=row.min_ram, properties=row.properties,
            path=None, url=rows.file_url(row.id), token=None)

    @staticmethod
    def describe(image_ids):
        """{image id: row} of those that are known, also of deleted ones."""
        with db.reader() as session:
            return {row.id: row for row in images.known(session, image_ids)}

    def siblings(self, image_id, wanted, limit):
        """Rows of the images that have these (name, value) properties and the owner of one of them, newest first; none
        where that one is gone.
        """
        with db.reader() as session:
            one = images.get(session, image_id)
            if one is None:
                return []
            query = images.Query(where=(("project_id", "eq", one.project_id),), properties=wanted, visibility="all",
                                 limit=limit)
            return images.page(session, images.Viewer(), query)

    @property
    def verbs(self):
        """What operations change, as the ledger asks for it."""
        return {"reserve_image": ReserveImage(self), "discard_image": DiscardImage(self),
                "rotate_backups": RotateBackups(self)}

    def discard(self, image_id):
        """Delete, in the transaction that is open, an image that was made for an operation and is of no use any more.

        One that is gone, or that somebody protects meanwhile, is left as it is.
        """
        with db.writer() as session:
            image = images.get(session, image_id, lock=True)
            if image is not None and not image.protected:
                self._delete(session, image_id)
