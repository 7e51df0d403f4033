"""Facts of the machine and its hypervisor, from libvirt and the file system."""

import os
import time
import xml.etree.ElementTree as ET

from nova_lite.common import concurrency
from nova_lite.virt import driver
from nova_lite.virt.libvirt import disks, domains, local_disks
from nova_lite.virt.spec import HostFacts

_CHECK_TIMEOUT = 5.0
_SURVEY_TIMEOUT = 30.0


class Host(driver.Host):
    def __init__(self, connection, events, conf, virt_type):
        self._connection = connection
        self._events = events
        self._conf = conf
        self._virt_type = virt_type

    def facts(self):
        known = self._connection.call(_facts)
        space = os.statvfs(_existing(self._conf.state_dir))
        return HostFacts(
            **known, uptime=uptime(),
            disk_gb=space.f_frsize * space.f_blocks >> 30, free_disk_gb=space.f_frsize * space.f_bavail >> 30)

    def guests(self):
        return self._connection.call(domains.ours, os.path.realpath(self._conf.state_dir))

    def halted(self):
        return self._connection.call(domains.halted, os.path.realpath(self._conf.state_dir))

    def nics(self):
        return self._connection.call(domains.nics, os.path.realpath(self._conf.state_dir))

    def disks(self):
        return concurrency.native(local_disks.survey, self._conf.state_dir, deadline=_SURVEY_TIMEOUT,
                                  what="looking at disks")

    def bases(self):
        return concurrency.native(disks.bases, self._conf.state_dir, deadline=_SURVEY_TIMEOUT, what="looking at disks")

    def watch(self, callback):
        self._events.watch(callback)
        concurrency.spawn(self._virt_type)          # known before the first guest would have to wait for it

    def check(self):
        self._connection.call(_version, deadline=_CHECK_TIMEOUT)


def _existing(path):
    """``path`` or its nearest parent that is there: before the first start there is no state directory yet."""
    while not os.path.exists(path):
        path = os.path.dirname(os.path.abspath(path))
    return path


def uptime():
    """A line as uptime(1) prints it: " 14:22:33 up 3 days,  2:03,  0 users,  load average: 0.01, 0.05, 0.00"."""
    with open("/proc/uptime") as proc:
        minutes = int(float(proc.read().split()[0])) // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    past = f"{days} day{'s' * (days != 1)}, " if days else ""
    past += f"{hours:2d}:{minutes:02d}" if hours else f"{minutes} min"
    load = ", ".join(f"{each:.2f}" for each in os.getloadavg())
    return f" {time.strftime('%H:%M:%S')} up {past},  0 users,  load average: {load}"


# ---- below: in native threads

def _version(live):
    return live.getLibVersion()


def _facts(live):
    arch, _memory, vcpus, *_ = live.getInfo()
    capabilities = ET.fromstring(live.getCapabilities())
    return {
        "hypervisor_type": live.getType(),
        "hypervisor_version": live.getVersion(),
        "hostname": live.getHostname(),
        "vcpus": vcpus,
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,     # libvirt's counts one node
        "cpu_info": _cpu_info(capabilities.find("host/cpu"), arch),
        "supported": tuple(_supported(capabilities)),
    }


def _supported(capabilities):
    """(architecture, hypervisor type, mode) of each kind of guest that the capabilities name."""
    for each in capabilities.findall("guest"):
        for domain in each.findall("arch/domain"):
            yield each.find("arch").get("name"), domain.get("type"), each.findtext("os_type")


def _cpu_info(cpu, arch):
    """Nova's dictionary of a host's processor, from the capabilities' element of it."""
    if cpu is None:
        return {"arch": arch, "model": None, "vendor": None, "topology": {}, "features": []}
    topology = cpu.find("topology")
    counts = {} if topology is None else topology.attrib
    return {
        "arch": cpu.findtext("arch", arch),
        "model": cpu.findtext("model"),
        "vendor": cpu.findtext("vendor"),
        "topology": {"cells": 1} | {name: int(counts.get(name, 1)) for name in ("sockets", "cores", "threads")},
        "features": sorted(each.get("name") for each in cpu.findall("feature")),
    }
