"""What the way through the API adds to libvirt's own: POST /servers until the domain runs, over raw libvirt calls.

Needs root, libvirtd, qemu-img and libvirt-python; libvirtd is one of the benchmark's own, in a private directory.  The
raw calls make the same domain: its XML is that of a guest which nova_lite built.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from xml.etree import ElementTree

from bench import measure, processes
from bench.cloud import Cloud, Tenant

_TIMEOUT = 180


def lacking():
    """Why this part cannot be measured here; None where it can."""
    if os.geteuid() != 0:
        return "it needs root, for bridges and libvirt"
    if importlib.util.find_spec("libvirt") is None:
        return "libvirt-python is not installed"
    missing = [name for name in ("libvirtd", "qemu-img", "qemu-system-x86_64", "dnsmasq") if not shutil.which(name)]
    return f"missing programs: {', '.join(missing)}" if missing else None


def run(report, runs):
    """Report ``boot_raw``, ``boot_api`` and ``boot_ratio``; returns why not, where it cannot be measured."""
    reason = lacking()
    if reason:
        return reason
    from nova_lite.virt.libvirt.daemon import Daemon
    home = tempfile.mkdtemp(prefix="nl-bench-", dir="/var/tmp")       # QEMU's own user must pass through it
    os.chmod(home, 0o755)
    daemon = Daemon(os.path.join(home, "libvirtd"), private=True)
    try:
        daemon.start()
        cloud = Cloud(home, "libvirt", f"[libvirt]\nconnection_uri = {daemon.uri}\n")
        try:
            _measure(cloud.start(), daemon.uri, home, report, runs)
        finally:
            cloud.stop()
    finally:
        _kill_guests(home)
        daemon.stop()
        shutil.rmtree(home)
    return None


def _measure(cloud, uri, home, report, runs):
    _register_image(cloud, home)
    tenant = Tenant(cloud)
    starts = Starts(uri)
    # One guest stays, so that bridge, DHCP and the image's cache are there, as on a host that is in use.
    anchor = tenant.create("anchor")
    starts.wait(anchor)
    raw = Raw(uri, anchor, home)
    spent = {"boot_raw": [], "boot_api": []}
    before = processes.cpu_ms(cloud.pid)
    for number in range(runs + 1):
        spent["boot_raw"].append(raw.boot())
        spent["boot_api"].append(_boot(tenant, starts, f"boot{number}"))
    for figure, values in spent.items():
        report(figure, measure.latency(values[1:]))         # the first warms up
    medians = [statistics.median(values[1:]) for values in (spent["boot_api"], spent["boot_raw"])]
    report("boot_cpu", {"cpu_ms": round((processes.cpu_ms(cloud.pid) - before) / (runs + 1), 1),
                        "note": "of nova_lite, for a boot and its delete"})
    report("boot_ratio", {"value": round(medians[0] / medians[1], 2)})
    tenant.delete_all()


def _register_image(cloud, home):
    """An empty disk: firmware runs on it, and that is a running domain."""
    path = os.path.join(home, "empty.qcow2")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    with open(path, "rb") as file:
        cloud.api("admin").upload("empty", file.read())


def _boot(tenant, starts, name):
    """Milliseconds from POST until the domain runs; then the server is deleted."""
    began = time.perf_counter()
    server_id = tenant.create(name)
    ended = starts.wait(server_id)
    measure.until("it is built", lambda: not tenant.api.servers("status=BUILD&limit=1"), _TIMEOUT, 0.1)
    tenant.delete(server_id)
    measure.until("it is gone", lambda: tenant.api.is_gone(server_id), _TIMEOUT, 0.1)
    return (ended - began) * 1000


class Starts:
    """Listens to libvirt's lifecycle events for domains that start."""

    def __init__(self, uri):
        import libvirt
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=self._listen, args=(libvirt,), daemon=True).start()
        self._seen = {}
        self._news = threading.Condition()
        self._started = libvirt.VIR_DOMAIN_EVENT_STARTED
        self._connection = libvirt.openReadOnly(uri)
        self._connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_event, None)

    @staticmethod
    def _listen(libvirt):
        while True:
            libvirt.virEventRunDefaultImpl()

    def _on_event(self, _connection, domain, event, _detail, _opaque):
        if event == self._started:
            with self._news:
                self._seen.setdefault(domain.UUIDString(), time.perf_counter())
                self._news.notify_all()

    def wait(self, domain_id):
        """When (time.perf_counter) the domain started.  :raises TimeoutError:"""
        with self._news:
            if not self._news.wait_for(lambda: domain_id in self._seen, _TIMEOUT):
                raise TimeoutError(f"domain {domain_id} did not start within {_TIMEOUT} s")
            return self._seen[domain_id]


class Raw:
    """The same work by hand: qemu-img create, define, start."""

    def __init__(self, uri, model, home):
        import libvirt
        self._connection = libvirt.open(uri)
        self._home = home
        self._model = self._connection.lookupByUUIDString(model).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        source = ElementTree.fromstring(self._model).find("devices/disk[@device='disk']/source").get("file")
        info = subprocess.run(["qemu-img", "info", "-U", "--output=json", source], check=True, capture_output=True)
        self._base = json.loads(info.stdout)["backing-filename"]

    def boot(self):
        """Milliseconds until the domain runs; then it is removed."""
        domain_id = str(uuid.uuid4())
        disk = os.path.join(self._home, f"raw-{domain_id[:8]}.qcow2")
        text = self._xml(domain_id, disk)
        began = time.perf_counter()
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", self._base, "-F", "qcow2", disk, "1G"],
                       check=True)
        domain = self._connection.defineXML(text)
        domain.create()
        spent = (time.perf_counter() - began) * 1000
        domain.destroy()
        domain.undefine()
        os.unlink(disk)
        return spent

    def _xml(self, domain_id, disk):
        tree = ElementTree.fromstring(self._model)
        tree.find("uuid").text = domain_id
        tree.find("name").text = f"raw-{domain_id[:8]}"
        tree.find("devices/disk[@device='disk']/source").set("file", disk)
        for metadata in tree.findall("metadata"):
            tree.remove(metadata)               # it would make the domain one of the cloud's guests
        for log in tree.iterfind("devices//log"):
            log.set("file", f"{disk}.log")
        for entry in tree.iterfind("sysinfo/system/entry[@name='uuid']"):
            entry.text = domain_id
        for nic in tree.iterfind("devices/interface"):
            nic.find("mac").set("address", f"52:54:00:{':'.join(domain_id[at:at + 2] for at in (0, 2, 4))}")
            with contextlib.suppress(AttributeError):
                nic.find("target").set("dev", f"raw{domain_id[:8]}")
        return ElementTree.tostring(tree, encoding="unicode")


def _kill_guests(home):
    """End every QEMU that a broken run left, known by the benchmark's own directory in its arguments."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                arguments = file.read()
            if b"qemu-system" in arguments.split(b"\0")[0] and home.encode() in arguments:
                os.kill(int(pid), signal.SIGKILL)
