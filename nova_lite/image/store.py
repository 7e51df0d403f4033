"""The image store: one file an image in one directory, complete or absent.

An upload writes to ``incoming/<image id>.<random>`` under an exclusive lock that it holds until the image is active; a
file there that nobody has locked was left by a crash.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import uuid

from nova_lite.common import exception
from nova_lite.conf import CONF
from nova_lite.image import receive

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Store:
    """Files of images under ``directory``; None takes the configured one."""

    def __init__(self, directory=None):
        self.directory = directory or CONF.image.store_dir or os.path.join(CONF.state_dir, "images")
        self._incoming = os.path.join(self.directory, "incoming")
        os.makedirs(self._incoming, mode=0o700, exist_ok=True)

    def path(self, image_id):
        """Where an image's file is or would be.

        :raises ValueError: the id is not a UUID in lower case, and so never becomes a path.
        """
        if not _ID.fullmatch(image_id):
            raise ValueError(f"not an image id: {image_id!r}")
        return os.path.join(self.directory, image_id)

    @contextlib.contextmanager
    def incoming(self, image_id):
        """A new file to write an image to; what was not given to ``keep`` is gone when the block ends.

        :raises ImageStoreFull: at any write inside, when the disk is full.
        """
        path = os.path.join(self._incoming, f"{os.path.basename(self.path(image_id))}.{uuid.uuid4().hex}")
        with open(path, "xb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
            except OSError as error:
                if error.errno in _FULL:
                    raise exception.ImageStoreFull from None
                raise
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

    def keep(self, image_id, file):
        """Give a finished incoming file its name.  Blocks a little."""
        target = self.path(image_id)
        os.fchmod(file.fileno(), 0o444)
        os.rename(file.name, target)
        receive.sync_directory(self.directory)

    def free(self):
        """Bytes that may still be written: what is free less ``[image] reserved_mb``, never below 0."""
        return max(0, shutil.disk_usage(self.directory).free - (CONF.image.reserved_mb << 20))

    def delete(self, image_id):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path(image_id))

    def uploading(self):
        """Ids of images whose upload is under way in some process; what crashed uploads left is removed."""
        alive = set()
        for name in os.listdir(self._incoming):
            path = os.path.join(self._incoming, name)
            if _locked(path):
                alive.add(name.partition(".")[0])
            else:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
        return alive | {each for each in self.ids() if _locked(self.path(each))}

    def ids(self):
        """Ids of the images that have a file."""
        return {each for each in os.listdir(self.directory) if _ID.fullmatch(each)}


def _locked(path):
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
