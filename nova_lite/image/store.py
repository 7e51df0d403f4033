"""The image store: one file an image in one directory, complete or absent.

An upload writes to ``incoming/<image id>.<random>`` under a lock that it holds until the image is active; the file has
both names from ``keep`` to ``settle``, by which the file of an upload that was cut off there is known.  A file that
nobody can account for goes to ``quarantine/<image id>.<when>``, which no service ever empties.
"""

import contextlib
import errno
import os
import re
import shutil
import time

from nova_lite.common import exceptions
from nova_lite.conf import CONF
from nova_lite.image.receive import Incoming, unless_locked

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM)


class Store:
    """Files of images under ``directory``; None takes the configured one."""

    def __init__(self, directory=None):
        self.directory = directory or CONF.image.store_dir or os.path.join(CONF.state_dir, "images")
        self._incoming = Incoming(os.path.join(self.directory, "incoming"))
        self.quarantine = os.path.join(self.directory, "quarantine")

    def path(self, image_id):
        """Where an image's file is or would be.

        :raises ValueError: the id is not a UUID in lower case, and so never becomes a path.
        """
        if not ID.fullmatch(image_id):
            raise ValueError(f"not an image id: {image_id!r}")
        return os.path.join(self.directory, image_id)

    @contextlib.contextmanager
    def incoming(self, image_id):
        """A new file to write an image to; what was not kept is gone when the block ends.

        :raises ImageStoreFull, ImageStoreClosed: at any write inside, when the disk is full or read-only.
        """
        try:
            with self._incoming.file(os.path.basename(self.path(image_id))) as file:
                yield file
        except OSError as error:
            if error.errno in FULL:
                raise exceptions.ImageStoreFull from None
            if error.errno in CLOSED:
                raise exceptions.ImageStoreClosed from error
            raise

    def keep(self, image_id, file):
        """Give a finished incoming file its name.  Blocks a little.

        A file that has the name already is of an image that an older database knows without data: it is set aside.
        """
        self.set_aside(image_id)
        self._incoming.link(file, self.path(image_id))

    def settle(self, file):
        """The database has the image of this kept file, or the file is gone."""
        self._incoming.settle(file)

    def unsettled(self):
        """{image id: path} of incoming files that were kept by uploads which died, or lost the database, after that."""
        return self._incoming.unsettled()

    def is_of(self, image_id, path):
        """Whether the image's file is the incoming one at ``path``."""
        try:
            return os.path.samefile(self.path(image_id), path)
        except FileNotFoundError:
            return False

    def free(self):
        """Bytes that may still be written: what is free less ``[image] reserved_mb``, never below 0."""
        return max(0, shutil.disk_usage(self.directory).free - (CONF.image.reserved_mb << 20))

    def delete(self, image_id):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(image_id))

    def set_aside(self, image_id):
        """Move an image's file, if there is one, into quarantine; its path there, or None."""
        if not os.path.exists(self.path(image_id)):
            return None
        os.makedirs(self.quarantine, mode=0o700, exist_ok=True)
        target = os.path.join(self.quarantine, f"{image_id}.{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
        try:
            os.rename(self.path(image_id), target)
        except FileNotFoundError:
            return None                 # another process was faster
        os.utime(target)            # its age counts from now
        return target

    def quarantined(self, older_than=0):
        """[(path, bytes)] of the files in quarantine, of those that came so many seconds ago."""
        before = time.time() - older_than
        try:
            found = [(each.path, each.stat()) for each in os.scandir(self.quarantine)]
        except FileNotFoundError:
            return []
        return sorted((path, status.st_size) for path, status in found if status.st_mtime <= before)

    def sweep(self):
        """Remove what crashed uploads left; return the ids of the images whose upload is under way in some process."""
        return self._incoming.sweep()

    def at_rest(self, image_id):
        """Whether no process that lives is about to give this image its file."""
        return unless_locked(self.path(image_id), os.stat)

    def ids(self):
        """Ids of the images that have a file."""
        return {each for each in os.listdir(self.directory) if ID.fullmatch(each)}
