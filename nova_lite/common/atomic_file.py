"""Files that others find as they were or as they shall be, never half written, whenever the process that writes dies.

A file is written under another name beside its place, ``PATH.new``, and renamed.  That name is always the same, so what
a dead process left is written over.
"""

import contextlib
import fcntl
import os


def write(path, content, *, mode=0o600, owner=None, durable=False):
    """Put ``content`` in the place of the file ``path``, which need not be there yet.

    :param content: bytes, or text, which is written as UTF-8.
    :param mode: its permission bits, whatever the umask.
    :param owner: the uid of the user it is given to; None: this process's.
    :param durable: it outlives a loss of power once this returns.  Else that may bring back the file before it.
    :raises OSError: the file is as it was then.
    """
    with _draft(path) as file:
        _fill(file, content, mode, durable)
        if owner is not None:
            os.fchown(file.fileno(), owner, -1)
        os.rename(_draft_path(path), path)
    if durable:
        sync_directory(os.path.dirname(path))


def create(path, content, *, mode=0o600):
    """Write a new file, durably; of several processes that do so at once, one wins.

    :returns: whether it was this one; False: the file is there already, and stays as it is.
    """
    with _draft(path) as file:
        _fill(file, content, mode, durable=True)
        try:
            os.link(_draft_path(path), path)
        except FileExistsError:
            return False
    sync_directory(os.path.dirname(path))
    return True


@contextlib.contextmanager
def replacing(path):
    """The path of a draft that a program fills; it takes the place of ``path`` where the body ends well.

    One writer only may be at it.
    """
    draft = _draft_path(path)
    yield draft
    os.rename(draft, path)


def open_draft(draft):
    """The draft of ``replacing``, empty, of mode 0600, open for writing bytes.

    :raises OSError: it is a symbolic link, which somebody else laid out there.
    """
    return open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb")


def sync_directory(path):
    """Make the names in a directory durable."""
    descriptor = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _draft_path(path):
    return f"{path}.new"


@contextlib.contextmanager
def _draft(path):
    """A draft that no other writer has, open for writing bytes; it is removed where it did not get its place."""
    draft = _draft_path(path)
    while True:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(file, draft):
                continue                # another writer has renamed it meanwhile
            try:
                yield file
            finally:
                if _is_at(file, draft):
                    os.unlink(draft)
            return


def _is_at(file, path):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _fill(file, content, mode, durable):
    file.truncate(0)                    # what a dead process left
    file.write(content.encode() if isinstance(content, str) else content)
    file.flush()
    os.fchmod(file.fileno(), mode)
    if durable:
        os.fsync(file.fileno())
