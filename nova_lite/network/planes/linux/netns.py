"""Network namespaces with names, kept in /run/netns as ip-netns(8) keeps them, so that its commands work on them.

The functions block for moments.  What enters a namespace must run in a native thread: it moves the whole thread.
"""

import contextlib
import ctypes
import errno
import fcntl
import logging
import os

from nova_lite.network.planes.linux.exceptions import HostNetworkError

LOG = logging.getLogger(__name__)

DIRECTORY = "/run/netns"
_NEWNET = 0x40000000
_BIND, _DETACH, _SHARED_ALL = 4096, 2, (1 << 20) | 16384
_GET_TYPE = 0xB703          # ioctl NS_GET_NSTYPE
_OWN = "/proc/thread-self/ns/net"
_libc = ctypes.CDLL(None, use_errno=True)


def path(name):
    return os.path.join(DIRECTORY, name)


def identity(name):
    """A number that identifies the namespace as long as it exists; None: there is none of that name."""
    try:
        with open(path(name)) as file:
            if fcntl.ioctl(file, _GET_TYPE) == _NEWNET:
                return os.fstat(file.fileno()).st_ino
    except OSError:
        pass                # no such file, or one whose namespace was never mounted
    return None


def outlives():
    """Whether namespaces that this process names stay when it ends: where it sees the machine's own mounts."""
    try:
        with open("/proc/self/mountinfo") as file:
            roots = [line.split(" - ")[0] for line in file if line.split()[4] == "/"]
    except OSError:
        return True
    return not any(" master:" in each for each in roots)


def present(prefix):
    """Names that begin with ``prefix``, whether a namespace is mounted there or not."""
    try:
        return sorted(each for each in os.listdir(DIRECTORY) if each.startswith(prefix))
    except FileNotFoundError:
        return []


def create(name):
    """Create a namespace, if it does not exist.  :raises HostNetworkError: the kernel refuses."""
    if identity(name) is not None:
        return
    try:
        _share_directory()
        with open(path(name), "a"), open(_OWN) as home:
            _call("unshare", _NEWNET)
            try:
                _call("mount", _OWN.encode(), path(name).encode(), b"none", ctypes.c_ulong(_BIND), None)
            finally:
                _return(home)
    except OSError as error:
        raise HostNetworkError(reason=f"making network namespace {name}: {error.strerror}") from error


def remove(name):
    """Remove a namespace's name; the namespace ends with the last process and socket in it.

    :raises HostNetworkError: the kernel refuses.
    """
    try:
        with contextlib.suppress(OSError):
            while True:                                         # as often as something was mounted there
                _call("umount2", path(name).encode(), _DETACH)
        os.unlink(path(name))
    except FileNotFoundError:
        return
    except OSError as error:
        raise HostNetworkError(reason=f"removing network namespace {name}: {error.strerror}") from error


@contextlib.contextmanager
def inside(name):
    """Move the calling native thread into the namespace until the block ends.

    :raises HostNetworkError: there is none of that name.
    """
    try:
        with open(path(name)) as wanted, open(_OWN) as home:
            _call("setns", wanted.fileno(), _NEWNET)
            try:
                yield
            finally:
                _return(home)
    except FileNotFoundError as error:
        if error.filename != path(name):
            raise
        raise HostNetworkError(reason=f"network namespace {name} is gone") from None


@contextlib.contextmanager
def apart():
    """Move the calling native thread into a new namespace without a name, which ends with the block.

    :raises OSError: the kernel refuses.
    """
    with open(_OWN) as home:
        _call("unshare", _NEWNET)
        try:
            yield
        finally:
            _return(home)


def _return(home):
    """Move the thread back, or end the process: else it would do the next caller's work in a tenant's network."""
    try:
        _call("setns", home.fileno(), _NEWNET)
    except OSError as error:
        LOG.critical("This process cannot leave a guests' network namespace and ends: %s", error)
        os._exit(70)


def _share_directory():
    """What is mounted below must be seen by all, and go away for all: the same steps as ip-netns(8)."""
    os.makedirs(DIRECTORY, mode=0o755, exist_ok=True)
    try:
        _call("mount", b"", DIRECTORY.encode(), b"none", ctypes.c_ulong(_SHARED_ALL), None)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        _call("mount", DIRECTORY.encode(), DIRECTORY.encode(), b"none", ctypes.c_ulong(_BIND | 16384), None)
        _call("mount", b"", DIRECTORY.encode(), b"none", ctypes.c_ulong(_SHARED_ALL), None)


def _call(name, *args):
    if getattr(_libc, name)(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
