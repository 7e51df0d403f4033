"""What is in a host's image cache, and whether it is what it should be; a little is read at each look."""

import hashlib
import os
import time

from nova_lite.common import concurrency
from nova_lite.image.cache import NAME
from nova_lite.image.receive import CHUNK, HASH, unless_locked

_BYTES = 64 << 20           # read of one image in one look: some 0.1 s of one processor
_AGAIN = 86400              # seconds after which an image's bytes are read again
_SETTLED = 600              # seconds after its last use when nobody can be about to build on an image
_DEADLINE = 60.0


class CacheSurvey:
    """Looks at an image.cache.ImageCache; what it read of an image's bytes it remembers from look to look."""

    def __init__(self, cache):
        self._cache = cache
        self._digests = {}          # (name, inode, size) -> (digest, when)
        self._reading = None        # (name, inode, size), hash, bytes read: of the image that is being read

    def look(self):
        """{"images": {name: (size, SHA-512 or None)}, "leftovers": [name], "unknown": [name]}"""
        return concurrency.native(self._look, deadline=_DEADLINE, what="looking at the image cache")

    def _look(self):
        files = {}
        unknown = []
        for entry in os.scandir(self._cache.directory):
            if NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                files[entry.name] = (entry.name, status.st_ino, status.st_size)
            elif entry.name != "incoming":
                unknown.append(entry.name)
        self._read_on(files)
        images = {name: (key[2], self._digests.get(key, (None,))[0]) for name, key in files.items()}
        return {"images": images, "leftovers": self._leftovers(), "unknown": sorted(unknown)}

    def _leftovers(self):
        return sorted(entry.name for entry in os.scandir(self._cache.incoming) if unless_locked(entry.path, os.stat))

    # ---- its bytes

    def _read_on(self, files):
        """Read a piece of one image: the one under way, else the one whose last reading is the longest ago."""
        present = set(files.values())
        self._digests = {key: value for key, value in self._digests.items() if key in present}
        if self._reading is None or self._reading[0] not in present:
            due = [(self._digests.get(key, (None, 0.0))[1], key) for key in present]
            due = [(when, key) for when, key in due if when < time.time() - _AGAIN]
            self._reading = (min(due)[1], hashlib.new(HASH, usedforsecurity=False), 0) if due else None
        if self._reading is not None:
            self._read(*self._reading)

    def _read(self, key, digest, offset):
        end = offset + _BYTES
        try:
            with open(os.path.join(self._cache.directory, key[0]), "rb") as file:
                file.seek(offset)
                while offset < end and (chunk := file.read(min(CHUNK, end - offset))):
                    digest.update(chunk)
                    offset += len(chunk)
        except OSError:
            self._reading = None
            return
        if offset < key[2]:
            self._reading = (key, digest, offset)
            return
        self._reading = None
        self._digests[key] = (digest.hexdigest(), time.time())

    # ---- mending; each answers whether it did

    def remove_image(self, name):
        """Remove a damaged image that no server's disk lies on, unless somebody just took it to build on."""
        return bool(NAME.fullmatch(name)) and self._cache.remove(name, unused_for=_SETTLED)

    def remove_leftover(self, name):
        return unless_locked(os.path.join(self._cache.incoming, os.path.basename(name)), os.unlink)
