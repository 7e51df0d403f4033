"""A host's image cache: each image once, complete, verified by its hash and inspected before anything else opens it.

A file is named by the image's id and the head of its hash, and never changes: servers' disks are overlays on it.
"""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import time

from oslo_log import log as logging

from nova_lite.common import concurrency, exceptions, retry
from nova_lite.conf import CONF
from nova_lite.image import transfer
from nova_lite.image.receive import CHUNK, HASH, Incoming, Receiver
from nova_lite.image.store import FULL, ID

LOG = logging.getLogger(__name__)

NAME = re.compile(ID.pattern + r"(-[0-9a-f]{1,16})?")
_STEP = 60.0            # seconds one touch of the disk may take
_SLOWEST = 5 << 20      # bytes a second a disk reads at least
_LOOK = 0.2             # seconds between looks at who gets an image that another wants as well
_REFUSED = frozenset({400, 401, 403, 404, 410})     # asking again will not help


class ImageCache:
    """``conf`` is oslo.config's; crash leftovers are removed when the cache is opened."""

    def __init__(self, conf=CONF):
        self._conf = conf
        self.directory = conf.image.cache_dir or os.path.join(conf.state_dir, "cache", "images")
        os.makedirs(self.directory, mode=0o755, exist_ok=True)
        self._incoming = Incoming(os.path.join(self.directory, "incoming"))
        self._incoming.sweep()
        self._busy = {}         # file name -> [Lock, how many want it]

    def fetch(self, image, cancelled=None):
        """``(path, disk_format)`` of the image (objects.Image) on this host; got first when it is not there.

        The file must only be read, and only as that format.  Of callers that want one image, one gets it, others wait.

        :param cancelled: a callable; once it answers True, Cancelled is raised instead of going on.
        :raises NoSpace: it does not fit.
        :raises ImageFetchFailed: it cannot be got, or is not what its hash and format promise.
        """
        name = _name(image)
        path = os.path.join(self.directory, name)
        with self._alone(name, functools.partial(transfer.check, image, cancelled)):
            if not os.path.exists(path):
                self._get(image, path, cancelled)
            os.utime(path)
        return path, image.disk_format

    def prune(self, used_ids, min_age=None, below_disks=()):
        """Remove images that no server here uses and nobody fetched for ``min_age`` seconds (None: as configured).

        :param below_disks: names of files that stay, because disks lie on them, whosever these are.
        :returns: the names that were removed.
        """
        oldest = time.time() - (self._conf.image.cache_min_age if min_age is None else min_age)
        return [name for name in os.listdir(self.directory)
                if NAME.fullmatch(name) and name[:36] not in used_ids and name not in below_disks
                and self._remove(name, oldest)]

    def remove(self, name, unused_for):
        """Remove an image that nobody fetched for ``unused_for`` seconds; whether it was there and is gone."""
        return self._remove(name, time.time() - unused_for)

    def _remove(self, name, oldest):
        with self._alone(name), contextlib.suppress(FileNotFoundError):
            path = os.path.join(self.directory, name)
            if os.stat(path).st_mtime <= oldest:
                os.unlink(path)
                return True
        return False

    @property
    def incoming(self):
        """The directory of images that are being got."""
        return self._incoming.directory

    @property
    def size(self):
        """Bytes on disk."""
        return sum(each.stat().st_blocks * 512 for each in os.scandir(self.directory) if each.is_file())

    @contextlib.contextmanager
    def _alone(self, name, check=lambda: None):
        """:param check: called again and again while another has it; what it raises ends the waiting."""
        entry = self._busy.setdefault(name, [concurrency.Lock(), 0])
        entry[1] += 1
        try:
            while not entry[0].acquire(blocking=False):
                check()
                concurrency.sleep(_LOOK)
            try:
                yield
            finally:
                entry[0].release()
        finally:
            entry[1] -= 1
            if not entry[1]:
                self._busy.pop(name, None)

    def _get(self, image, path, cancelled):
        try:
            if image.path and _size(image.path) == image.size:
                with open(image.path, "rb") as source:
                    self._take_local(image, source, path)
            else:
                self._download(image, path, cancelled)
        except OSError as error:
            if error.errno in FULL:
                raise self._no_space(image) from None
            raise self._failed(image, error.strerror or error) from error
        except (exceptions.ImageRejected, transfer.TryAgain) as error:
            raise self._failed(image, error) from error

    # ---- the store is on this machine

    def _take_local(self, image, source, path):
        """A second name for the store's file where the filesystem allows it, else a copy."""
        deadline = _STEP + image.size / _SLOWEST
        concurrency.native(self._verify, image, source, deadline=deadline, what="verifying an image")
        try:
            # The very file that was verified, whatever its path names now.  Python follows the link only for a
            # directory, which an absolute path does not need.
            os.link(f"/proc/self/fd/{source.fileno()}", path, src_dir_fd=source.fileno())
        except FileExistsError:
            return                      # another process of this host was faster
        except OSError:
            source.seek(0)
            self._store(image, source, path)

    @staticmethod
    def _verify(image, source):
        receiver = _receiver(image, None)
        while chunk := source.read(CHUNK):
            receiver.write(chunk)
        _compare(image, receiver.finish())

    def _store(self, image, source, path):
        """Everything from ``source.read(n)`` into the cache, if it is what it should be."""
        if image.size > self._free():
            raise self._no_space(image)
        with self._incoming.file(image.id) as file:
            try:
                received = _receiver(image, file).take(source, image.size)
            except (exceptions.ImageTooBig, exceptions.BadRequest) as error:
                raise transfer.TryAgain(str(error)) from None
            _compare(image, received)
            concurrency.native(self._incoming.keep, file, path, deadline=_STEP, what="keeping an image")

    # ---- or it is not

    def _download(self, image, path, cancelled):
        if not image.url:
            raise self._failed(image, "its file is not on this host and it has no URL")

        def failed(error):
            transfer.check(image, cancelled)
            if isinstance(error, OSError) and error.errno in FULL:
                raise error
            LOG.warning("Image %s is downloaded again: %s", image.id, error)

        try:
            retry.after_errors(functools.partial(self._download_once, image, path, cancelled), transfer.PASSING,
                               range(1, self._conf.image.download_attempts), failed)
        except OSError:
            transfer.check(image, cancelled)
            raise
        except transfer.PASSING as error:
            transfer.check(image, cancelled)
            raise self._failed(image, error) from error

    def _download_once(self, image, path, cancelled):
        with transfer.to(image, cancelled) as (connection, source):
            headers = {"X-Auth-Token": image.token} if image.token else {}
            connection.request("GET", source, headers=headers)
            answer = connection.getresponse()       # a redirect is an error: the token is for this server alone
            if answer.status in _REFUSED:
                raise self._failed(image, f"the image service answered {answer.status}")
            if answer.status != 200:
                raise transfer.TryAgain(f"the image service answered {answer.status}")
            self._store(image, answer, path)

    # ---- words

    def _free(self):
        return shutil.disk_usage(self.directory).free - (self._conf.image.reserved_mb << 20)

    def _no_space(self, image):
        return exceptions.NoSpace(where="the image cache of the host", needed=image.size,
                                 free=max(0, self._free()))

    def _failed(self, image, reason):
        return exceptions.ImageFetchFailed(host=self._conf.host, image_id=image.id, reason=reason)


def _name(image):
    """:raises ValueError: the id or hash could not safely be part of a path."""
    name = f"{image.id}-{image.checksum[:16]}" if image.checksum else image.id
    if not NAME.fullmatch(name):
        raise ValueError(f"not an image id and hash: {name!r}")
    return name


def _size(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return None


def _receiver(image, file):
    algorithm = image.hash_algo or HASH
    if algorithm not in hashlib.algorithms_available:
        raise exceptions.ImageRejected(f"its hash {algorithm} is not known here")
    return Receiver(file, image.disk_format, image.size, (algorithm,))


def _compare(image, received):
    """:raises ImageRejected: a guest-visible size that nobody promised; transfer.TryAgain: other bytes."""
    if image.checksum and received.hashes[image.hash_algo or HASH] != image.checksum:
        raise transfer.TryAgain("its bytes do not match its hash")
    if image.virtual_size is not None and received.virtual_size != image.virtual_size:
        raise exceptions.ImageRejected("its virtual size is not the registered one")
