"""Starts libvirtd and virtlogd where no init system does, under a parent that reaps at once.

libvirtd waits for every guest it kills to be reaped, and for every QEMU it probes.  Where PID 1 reaps only now and then
(containers) that takes seconds each time; under a child subreaper it takes none.  Where no udev gave /dev/kvm to QEMU's
user, a start of a guest takes twenty seconds for another reason, see ``qemu_may_use_kvm``.

``python -m nova_lite.virt.libvirt.daemon start|stop|status [--run-dir DIR] [--private] [--vnc-ports FIRST-LAST]``.
``--private`` gives libvirt directories of its own below DIR, in a mount namespace, so that it disturbs no other
libvirtd; tests use it.  Two that start guests at the same moment want VNC ports of their own: both take the first free.
"""

import argparse
import contextlib
import ctypes
import grp
import os
import pathlib
import pwd
import signal
import socket
import stat
import subprocess
import sys
import time

_SET_CHILD_SUBREAPER = 36
_NEW_MOUNT_NAMESPACE = 0x00020000
_PRIVATE = ("/run/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/etc/libvirt")
_RESTART_PAUSE = 0.5

_LIBVIRTD_CONF = 'auth_unix_rw = "none"\nunix_sock_rw_perms = "0700"\nlog_outputs = "3:stderr"\nhost_uuid = "{uuid}"\n'
# One cgroup tree is shared by the machine: two daemons would make the same names in it.
_QEMU_CONF = ('security_driver = "none"\nnamespaces = []\ncgroup_controllers = []\nstdio_handler = "logd"\n'
              'remember_owner = 0\nremote_display_port_min = {first}\nremote_display_port_max = {last}\n')
_VNC_PORTS = (5900, 65535)


class Daemon:
    """A libvirtd, its virtlogd and their reaping parent.

    ``run_dir`` holds pid files, output and private directories.  ``vnc_ports``: the first and last that a private
    one gives to guests.
    """

    def __init__(self, run_dir, private=False, vnc_ports=_VNC_PORTS):
        self.run_dir = pathlib.Path(run_dir).resolve()
        self.private = private
        self.vnc_ports = vnc_ports
        self.pid_file = self.run_dir / "libvirt-reaper.pid"
        self.home = self.run_dir / "libvirt"
        self._child = None

    @property
    def socket(self):
        return (self.home / "run" if self.private else pathlib.Path("/run/libvirt")) / "libvirt-sock"

    @property
    def uri(self):
        """What to connect to: ``[libvirt] connection_uri``."""
        return f"qemu:///system?socket={self.socket}" if self.private else "qemu:///system"

    def answers(self):
        """Whether a libvirtd listens on the socket, ours or another's."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
            return True

    def pid(self):
        """The reaping parent's process id, or None where it does not run."""
        try:
            pid = int(self.pid_file.read_text())
            words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if __spec__.name.encode() in words else None

    def start(self, timeout=30):
        """Start, and return once libvirtd answers; one that answers already is left alone.

        :raises RuntimeError: it ended, or does not answer after ``timeout`` seconds.
        """
        if self.answers():
            return
        self.run_dir.mkdir(parents=True, exist_ok=True)
        if self.pid() is None:
            self._spawn()
        _wait(self._answers_or_ended, timeout,
              f"libvirtd did not answer on {self.socket}; see {self.run_dir}/libvirtd.out")

    def _answers_or_ended(self):
        if self._child is not None and self._child.poll() is not None:
            raise RuntimeError(f"libvirtd's parent ended; see {self.run_dir}/libvirt-reaper.out")
        return self.answers()

    def _spawn(self):
        private = ["--private", "--vnc-ports", "{}-{}".format(*self.vnc_ports)] if self.private else []
        with open(self.run_dir / "libvirt-reaper.out", "ab") as out:
            self._child = subprocess.Popen(
                [sys.executable, "-m", __spec__.name, "run", "--run-dir", str(self.run_dir), *private],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        self.pid_file.write_text(str(self._child.pid))

    def stop(self, timeout=15):
        """Stop both daemons; guests keep running.  A libvirtd that we did not start is left alone."""
        pid = self.pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGTERM)
        if self._child is not None:
            self._child.wait(timeout)
        _wait(lambda: self.pid() is None, timeout, f"process {pid} does not end")
        self.pid_file.unlink(missing_ok=True)

    def restart_libvirtd(self):
        """End libvirtd alone; its parent starts it anew.  Guests keep running."""
        os.kill(self.pid(), signal.SIGHUP)

    def run(self):
        """Be the reaping parent, until SIGTERM."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if self.private:
            self._hide_the_machines(libc)
        for path in ("/run/libvirt", "/var/log/libvirt"):
            os.makedirs(path, exist_ok=True)
        parent = _Parent([_Service("virtlogd", self.run_dir), _Service("libvirtd", self.run_dir)])
        with contextlib.nullcontext() if self.private else _kvm_for_qemu():
            parent.watch()

    def _hide_the_machines(self, libc):
        """Put directories of our own over libvirt's, seen by this process and its children alone."""
        if libc.unshare(_NEW_MOUNT_NAMESPACE):
            raise OSError(ctypes.get_errno(), "cannot make a mount namespace")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        for path in _PRIVATE:
            ours = self.home / path.split("/")[1 if path.startswith(("/run", "/etc")) else 2]
            ours.mkdir(parents=True, exist_ok=True, mode=0o755)
            os.makedirs(path, exist_ok=True)
            subprocess.run(["mount", "--bind", str(ours), path], check=True)
        uuid = pathlib.Path("/proc/sys/kernel/random/uuid").read_text().strip()
        pathlib.Path("/etc/libvirt/libvirtd.conf").write_text(_LIBVIRTD_CONF.format(uuid=uuid))
        first, last = self.vnc_ports
        pathlib.Path("/etc/libvirt/qemu.conf").write_text(_QEMU_CONF.format(first=first, last=last))
        if not qemu_may_use_kvm():
            nothing = self.run_dir / "no-kvm"
            nothing.touch(mode=0o000)
            subprocess.run(["mount", "--bind", str(nothing), "/dev/kvm"], check=True)


@contextlib.contextmanager
def _kvm_for_qemu():
    """Give /dev/kvm to the group kvm, as udev does where it runs, for as long as libvirtd does."""
    if qemu_may_use_kvm():
        yield
        return
    before = os.stat("/dev/kvm")
    os.chown("/dev/kvm", before.st_uid, grp.getgrnam("kvm").gr_gid)
    os.chmod("/dev/kvm", 0o660)
    try:
        yield
    finally:
        os.chown("/dev/kvm", before.st_uid, before.st_gid)
        os.chmod("/dev/kvm", stat.S_IMODE(before.st_mode))


def qemu_may_use_kvm():
    """Whether there is no KVM, or Debian's and Ubuntu's QEMU user may open it.

    Where the daemon can open it and QEMU's user cannot, libvirt finds at every call that KVM has come or gone, and
    probes QEMU anew: each start of a guest takes twenty seconds and more.
    """
    try:
        kvm, user = os.stat("/dev/kvm"), pwd.getpwnam("libvirt-qemu")
    except (OSError, KeyError):
        return True
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    return bool(kvm.st_mode & 0o006 == 0o006 or kvm.st_uid == user.pw_uid or
                (kvm.st_mode & 0o060 == 0o060 and kvm.st_gid in groups))


class _Service:
    """One daemon in the foreground, so that its end is seen."""

    def __init__(self, name, run_dir):
        self.arguments = [f"/usr/sbin/{name}", "--pid-file", f"/run/libvirt/{name}.pid"]
        self.output = run_dir / f"{name}.out"
        self.child = None

    def start(self):
        with open(self.output, "ab") as out:
            self.child = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          start_new_session=True)

    def end(self):
        if self.child is not None:
            os.kill(self.child.pid, signal.SIGTERM)      # not terminate(): that may reap, and only watch() shall


class _Parent:
    """Reaps every orphan as it ends, and starts a daemon again that ended unasked."""

    def __init__(self, services):
        self.services = services
        self.stopping = False

    def watch(self):
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self.services[-1].end())
        for service in self.services:
            service.start()
        while True:
            try:
                pid, _status = os.wait()
            except ChildProcessError:
                return
            self._ended(pid)
            if self.stopping and not any(each.child for each in self.services):
                return

    def _ended(self, pid):
        for service in self.services:
            if service.child is not None and service.child.pid == pid:
                service.child = None
                if not self.stopping:
                    time.sleep(_RESTART_PAUSE)
                    service.start()

    def _stop(self, *_):
        self.stopping = True
        for service in self.services:
            service.end()


def _wait(done, timeout, otherwise):
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(otherwise)
        time.sleep(0.05)


def _ports(text):
    """``FIRST-LAST`` as two numbers."""
    first, last = map(int, text.split("-"))
    if not _VNC_PORTS[0] <= first <= last <= _VNC_PORTS[1]:
        raise ValueError(text)
    return first, last


def main(arguments=None):
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name}", description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["start", "stop", "status", "run"])
    parser.add_argument("--run-dir", default="/run/nova_lite",
                        help="directory for pid files and output (default: /run/nova_lite)")
    parser.add_argument("--private", action="store_true", help="give libvirt directories of its own below the run dir")
    parser.add_argument("--vnc-ports", type=_ports, default=_VNC_PORTS, metavar="FIRST-LAST",
                        help="TCP ports that a private libvirtd gives to guests' screens (default: 5900-65535)")
    asked = parser.parse_args(arguments)
    daemon = Daemon(asked.run_dir, asked.private, asked.vnc_ports)
    if asked.action == "status":
        print(f"libvirtd {'answers' if daemon.answers() else 'does not answer'} at {daemon.uri}")
        return 0 if daemon.answers() else 1
    try:
        getattr(daemon, asked.action)()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as problem:
        print(problem, file=sys.stderr)
        return 1
    if asked.action == "start":
        print(daemon.uri)
    return 0


if __name__ == "__main__":
    sys.exit(main())
